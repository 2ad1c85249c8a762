// A map as lines between two lists of the tokens.

const kMostLines = 3000;
const kShades = 16;  // lines of a shade are drawn as one

class LinesView {
  constructor(panel, host) {
    this.panel = panel;
    this.name = 'lines';
    this.scroller = new Scroller(host, 'lines', () => this.draw());
    this.canvas = this.scroller.canvas;
    this.canvas.setAttribute('role', 'application');
    this.canvas.setAttribute('aria-roledescription', 'lines between tokens');
    const pointed = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const row = this.scroller.row(event.clientY - box.top);
      if (row < 0 || row >= this.panel.map.size) return null;
      return {token: row, isFrom: event.clientX - box.left < this.layout.width / 2};
    };
    this.canvas.addEventListener('pointermove', (event) => {
      const at = pointed(event);
      const key = at ? `${at.token} ${at.isFrom}` : '';
      if (key === this.pointedKey) return;
      this.pointedKey = key;
      if (!at) return this.panel.hover(null, null);
      this.isFrom = at.isFrom;
      return this.point(at.token, (row, column) => this.panel.hover(row, column));
    });
    this.canvas.addEventListener('pointerleave', () => {
      this.pointedKey = '';
      this.panel.hover(null, null);
    });
    this.canvas.addEventListener('pointerup', (event) => {
      const at = pointed(event);
      if (at) this.point(at.token, (row, column) => this.panel.moveTo(row, column, false));
    });
    this.isFrom = true;  // is the token that is pointed at on the left?
  }
  // That token, with what it has the largest weight with.
  point(token, tell) {
    const other = this.panel.strongest(token, this.isFrom);
    tell(this.isFrom ? token : other, this.isFrom ? other : token);
  }
  reveal(row, column) {
    this.scroller.reveal(this.isFrom ? row : column);
  }
  layOut() {
    const {map} = this.panel;
    this.scroller.layOut(map.size);
    const width = Math.min(this.scroller.width, 760);
    const side = Math.min(width * 0.32, 190);
    this.layout = {width, side, left: side + 4, right: width - side - 4};
  }
  draw() {
    this.layOut();
    const context = sizedContext(this.canvas, this.layout.width, this.scroller.height);
    this.drawOn(new CanvasSurface(context), this.scroller);
    this.canvas.setAttribute(
        'aria-label',
        `${this.panel.place()}: lines from ${this.panel.map.size} ` +
            'tokens; up and down choose a token, left and right its side');
  }
  drawFront() {
    this.draw();
  }
  // Only lines above some weight, so that they are not too many.
  threshold(steps) {
    const counts = new Uint32Array(256);
    for (const step of steps) ++counts[step];
    let total = 0;
    for (let step = 255; step > 6; --step) {
      total += counts[step];
      if (total > kMostLines) return step + 1;
    }
    return 7;
  }
  stepsOf(map) {
    const {app, largest, mapKey} = this.panel;
    const key = `${mapKey} ${largest} ${app.state.scale}`;
    if (key !== this.stepsKey) {
      this.stepsKey = key;
      this.steps = app.colors.steps(map.square, largest, app.state.scale);
      this.least = this.threshold(this.steps);
    }
    return this.steps;
  }
  drawOn(surface, {first, last, ...place}) {
    const {map, app} = this.panel;
    const {size} = map;
    const {theme} = app.colors;
    const {left, right, side} = this.layout;
    const y = (row) => place.header + (row + 0.5) * kRowHeight - place.top;
    const steps = this.stepsOf(map);
    const at = this.panel.pointed();
    const chosen = this.isFrom ? at.row : at.column;
    const shades = Array.from({length: kShades}, () => []);
    const bright = Array.from({length: kShades}, () => []);
    for (let i = 0; i < size; ++i) {
      for (let j = 0; j < size; ++j) {
        const step = steps[i * size + j];
        const isBright = (this.isFrom ? i : j) === chosen;
        if (step < (isBright ? 4 : this.least)) continue;
        if ((i < first && j < first) || (i > last && j > last)) continue;
        (isBright ? bright : shades)[step * kShades >> 8].push([left, y(i), right, y(j)]);
      }
    }
    const faint = Math.min(1, Math.sqrt(40 / size));  // the more there are
    shades.forEach((ends, shade) => {
      if (ends.length)
        surface.curves(ends, theme.text, 1, faint * (0.03 + 0.32 * (shade + 0.5) / kShades));
    });
    bright.forEach((ends, shade) => {
      const part = (shade + 0.5) / kShades;
      if (ends.length)
        surface.curves(ends, theme.accent, 0.9 + 2.4 * part, 0.12 + 0.88 * Math.sqrt(part));
    });
    for (let token = first; token <= last; ++token) {
      for (const isFrom of [true, false]) {
        const isChosen = isFrom === this.isFrom && token === chosen;
        let color = theme.faint_text;
        const x = isFrom ? 0 : right + 4;
        if (isFrom !== this.isFrom) {
          const step = steps[isFrom ? token * size + chosen : chosen * size + token];
          if (step > 3) {
            surface.fill(x, y(token) - kRowHeight / 2 + 1, side, kRowHeight - 2, theme.css[step]);
            color = theme.inks[step];
          }
        }
        if (isChosen) {
          surface.frame(
              x + 0.75, y(token) - kRowHeight / 2 + 1.75, side - 1.5, kRowHeight - 3.5,
              theme.accent, 1.5);
          color = theme.text;
        }
        const isFound = this.panel.found.has(token);
        const weight = isChosen || isFound ? 600 : 400;
        const text = fitText(map.labels[token], side - 12, 12.5, weight);
        surface.text(text, isFrom ? side - 6 : right + 10, y(token), {
          color: isFound ? theme.mark : color,
          size: 12.5,
          weight,
          align: isFrom ? 'right' : 'left'
        });
      }
    }
  }
  exported() {
    const {size} = this.panel.map;
    const isWhole = size <= 200;
    const place = isWhole ? {first: 0, last: size - 1, header: 0, top: 0} : this.scroller;
    return {
      width: this.layout.width,
      height: isWhole ? size * kRowHeight : this.scroller.height,
      drawOn: (surface) => this.drawOn(surface, place)
    };
  }
  key(event) {
    const {map} = this.panel;
    const moves =
        {ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -map.size, End: map.size};
    if (event.key in moves) {
      const {cursor} = this.panel;
      const from = this.isFrom ? cursor.row : cursor.column;
      const token = Math.max(0, Math.min(map.size - 1, from + moves[event.key]));
      this.point(token, (row, column) => this.panel.moveTo(row, column, true));
    } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      this.isFrom = event.key === 'ArrowLeft';
      const {cursor} = this.panel;
      this.point(
          this.isFrom ? cursor.row : cursor.column,
          (row, column) => this.panel.moveTo(row, column, true));
    } else {
      return false;
    }
    return true;
  }
}
