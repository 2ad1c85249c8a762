// Convolution kernels: one row a token over its window, and the chosen token's as bars with the
// tokens that it reads beneath. Words are not joined here: taps are of tokens.

class KernelView {
  constructor(panel, host) {
    this.panel = panel;
    this.name = 'kernel';
    this.frame = element('div', 'kernel', host);
    this.scroller = new Scroller(this.frame, 'band', () => this.drawBand());
    this.canvas = this.scroller.canvas;
    this.canvas.setAttribute('role', 'application');
    this.canvas.setAttribute('aria-roledescription', 'kernels');
    this.bars = element('canvas', 'bars', this.frame);
    this.bars.setAttribute('role', 'img');
    const pointed = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const row = this.scroller.row(event.clientY - box.top);
      if (row < 0 || row >= this.panel.set.rows) return null;
      const {left, cell} = this.layout;
      const tap = Math.floor((event.clientX - box.left - left) / cell);
      return {row, tap: tap >= 0 && tap < this.panel.set.columns ? tap : this.tap};
    };
    this.canvas.addEventListener('pointermove', (event) => {
      const at = pointed(event);
      if (!at) return this.panel.hover(null, null);
      this.pointedTap = at.tap;
      return this.panel.hoverToken(at.row, at.row + at.tap - this.half());
    });
    this.canvas.addEventListener('pointerleave', () => {
      this.pointedTap = null;
      this.panel.hover(null, null);
    });
    this.canvas.addEventListener('pointerup', (event) => {
      const at = pointed(event);
      if (!at) return;
      this.tap = at.tap;
      this.move(at.row, false);
    });
    this.tap = null;  // the chosen one, from 0; null: the token itself
    this.pointedTap = null;
  }
  half() {
    return this.panel.set.columns >> 1;
  }
  // Has any token taps beyond the ends of the text?
  hasEnds() {
    const {model, set} = this.panel;
    return sideOf(model, -this.half()) !== 0 || sideOf(model, set.rows - 1 + this.half()) !== 0;
  }
  shownTap() {
    const {columns} = this.panel.set;
    const tap = this.panel.isHovered() && this.pointedTap !== null ? this.pointedTap : this.tap;
    return tap === null ? this.half() : Math.min(tap, columns - 1);
  }
  // The token of the row that is pointed at.
  token() {
    return this.panel.tokenPointed();
  }
  move(token, isByKey) {
    const {set} = this.panel;
    const row = Math.max(0, Math.min(set.rows - 1, token));
    this.panel.moveToToken(row, row + this.shownTap() - this.half(), isByKey);
  }
  reveal(row) {
    this.scroller.reveal(this.panel.map.starts[row]);
  }
  layOut() {
    const {set, model} = this.panel;
    const header = 24;
    const isNarrow = this.frame.clientWidth < 560;
    this.frame.classList.toggle('narrow', isNarrow);
    this.scroller.layOut(set.rows, header);
    if (model.labels !== this.labels) {
      this.labels = model.labels;
      this.widest = widestOf(model.labels);
    }
    const left = Math.ceil(Math.min(this.widest + 14, 130));
    const cell =
        Math.max(10, Math.min(30, Math.floor((this.scroller.width - left - 2) / set.columns)));
    this.layout = {
      header,
      left,
      cell,
      width: left + cell * set.columns + 1,
      barsWidth: Math.max(
          220,
          Math.min(
              560,
              this.bars.parentElement.clientWidth -
                  (isNarrow ? 0 : this.scroller.host.offsetWidth + 24))),
      barsHeight: 290
    };
    Object.assign(this.canvas.dataset, {left, cell});
  }
  draw() {
    this.layOut();
    this.drawBand();
    this.drawBars();
  }
  drawFront() {
    this.draw();
  }
  drawBand() {
    this.layOut();
    const context = sizedContext(this.canvas, this.layout.width, this.scroller.height);
    this.drawBandOn(new CanvasSurface(context), this.scroller);
    this.canvas.setAttribute(
        'aria-label',
        `${this.panel.place()}: kernels of ${this.panel.set.rows} ` +
            'tokens; up and down choose a token, left and right a tap');
  }
  offsetText(tap) {
    const offset = tap - this.half();
    return offset < 0 ? `−${Math.abs(offset)}` : offset > 0 ? `+${offset}` : '0';
  }
  drawBandOn(surface, {first, last, top, height}) {
    const {map, model, set, app, largest} = this.panel;
    const {header, left, cell, width} = this.layout;
    const {theme} = app.colors;
    const chosen = this.token();
    const tapChosen = this.shownTap();
    const y = (row) => header + row * kRowHeight - top;
    for (let row = first; row <= last; ++row) {
      for (let tap = 0; tap < set.columns; ++tap) {
        const weight = map.band[row * set.columns + tap];
        const place = [left + tap * cell, y(row), cell - 1, kRowHeight - 1];
        surface.fill(...place, app.colors.of(weight, largest, app.state.scale));
        if (sideOf(model, row + tap - this.half()) !== 0) surface.hatch(...place, theme.faint_text);
      }
      const isChosen = row === chosen;
      const isFound = this.panel.foundTokens.has(row);
      const weight = isChosen || isFound ? 600 : 400;
      surface.text(
          fitText(this.labels[row], left - 12, 12, weight), left - 7, y(row) + kRowHeight / 2, {
            color: isFound ? theme.mark :
                isChosen   ? theme.text :
                             theme.faint_text,
            size: 12,
            weight,
            align: 'right'
          });
    }
    if (chosen >= first && chosen <= last) {
      surface.frame(
          left - 1, y(chosen) - 1, cell * set.columns + 1, kRowHeight + 1, theme.accent, 1.5);
      surface.frame(
          left + tapChosen * cell - 1, y(chosen) - 1, cell + 1, kRowHeight + 1, theme.mark, 2);
    }
    surface.fill(0, 0, width, header - 1, theme.background);
    const step = cell < 20 ? 2 : 1;
    for (let tap = this.half() % step; tap < set.columns; tap += step) {
      surface.text(
          this.offsetText(tap), left + (tap + 0.5) * cell, 12,
          {color: tap === tapChosen ? theme.text : theme.faint_text, size: 11, align: 'center'});
    }
    surface.fill(left, header - 2, cell * set.columns - 1, 1, theme.line);
    if (height !== undefined) surface.fill(0, height, width, 1, theme.background);
  }
  drawBars() {
    const {barsWidth, barsHeight} = this.layout;
    const context = sizedContext(this.bars, barsWidth, barsHeight);
    this.drawBarsOn(new CanvasSurface(context), 0);
    this.bars.setAttribute('aria-label', this.barsText());
  }
  barsText() {
    const {map, model, set} = this.panel;
    const token = this.token();
    const taps = [];
    for (let tap = 0; tap < set.columns; ++tap) {
      const name = nameOf(model, token + tap - this.half());
      taps.push(`${name} ${weightText(map.band[token * set.columns + tap])}`);
    }
    return `Kernel at ${this.labels[token]}: ${taps.join(', ')}`;
  }
  drawBarsOn(surface, x0) {
    const {map, model, set, app, largest} = this.panel;
    const {barsWidth, barsHeight} = this.layout;
    const {theme} = app.colors;
    const token = this.token();
    const width = barsWidth / set.columns;
    const bottom = barsHeight - 104;
    const top = 46;
    surface.fill(x0, top - 0.5, barsWidth, 1, theme.line, 0.6);
    surface.text(
        `line: ${weightText(largest)}`, x0 + barsWidth, 12,
        {color: theme.faint_text, size: 11, align: 'right'});
    surface.text(
        `Kernel at “${fitText(this.labels[token], barsWidth * 0.5, 13, 600)}”`, x0, 12,
        {color: theme.text, size: 13, weight: 600});
    for (let tap = 0; tap < set.columns; ++tap) {
      const weight = map.band[token * set.columns + tap];
      const step = app.colors.step(weight, largest, app.state.scale);
      const j = token + tap - this.half();
      const isInside = sideOf(model, j) === 0;
      const x = x0 + tap * width;
      const height = Math.max(weight > 0 ? 1 : 0, (bottom - top) * step / 255);
      const bar = Math.min(34, width * 0.72);
      const color = isInside ? theme.accent : theme.line;
      surface.fill(x + (width - bar) / 2, bottom - height, bar, height, color);
      const isTap = tap === this.shownTap();
      if (width >= 30 || isTap) {
        surface.text(
            weight >= 0.0005 ? weight.toFixed(width >= 36 ? 3 : 2) : '0', x + width / 2,
            bottom - height - 9, {
              color: isTap ? theme.text : theme.faint_text,
              size: 10.5,
              align: 'center',
              weight: isTap ? 600 : 400
            });
      }
      surface.text(
          this.offsetText(tap), x + width / 2, bottom + 13,
          {color: theme.faint_text, size: 10.5, align: 'center'});
      surface.text(fitText(nameOf(model, j), 76, 12), x + width / 2, bottom + 27, {
        color: isInside ? j === token ? theme.text : theme.faint_text : theme.line,
        size: 12,
        weight: j === token ? 600 : 400,
        align: 'right',
        angle: -90
      });
    }
    surface.fill(x0, bottom + 0.5, barsWidth, 1, theme.line);
  }
  exported() {
    const {set} = this.panel;
    const isWhole = set.rows <= 200;
    const {header, width, barsWidth, barsHeight} = this.layout;
    const place = isWhole ? {first: 0, last: set.rows - 1, top: 0} : this.scroller;
    const height = isWhole ? header + set.rows * kRowHeight : this.scroller.height;
    return {
      width: width + 24 + barsWidth,
      height: Math.max(height, barsHeight),
      drawOn: (surface) => {
        this.drawBandOn(surface, place);
        this.drawBarsOn(surface, width + 24);
      }
    };
  }
  key(event) {
    const {set} = this.panel;
    const moves =
        {ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -set.rows, End: set.rows};
    if (event.key in moves) {
      this.move(this.token() + moves[event.key], true);
    } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const tap = this.shownTap() + (event.key === 'ArrowLeft' ? -1 : 1);
      this.tap = Math.max(0, Math.min(set.columns - 1, tap));
      this.move(this.token(), true);
    } else {
      return false;
    }
    return true;
  }
}
