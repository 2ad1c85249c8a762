// What one model makes of the record: overview, text, the enlarged map and what is read from it.

class Panel {
  constructor(app, number, name) {
    this.app = app;
    this.number = number;
    this.name = name;
    this.root = byId('panel').content.cloneNode(true).firstElementChild;
    const find = (selector) => this.root.querySelector(selector);
    this.root.setAttribute('aria-label', name);
    find('.model').textContent = name;
    this.absent = find('.absent');
    this.content = find('.content');
    this.caption = find('.caption');
    this.readout = find('.readout');
    this.readoutParts = ['from', 'arrow', 'to', 'weight', 'note'].map(
        (part) => element('span', part, this.readout));
    this.legend = find('.legend');
    this.largestHere = find('.largest');
    this.exportNote = find('.export-note');
    this.found = new Set();
    this.foundTokens = new Set();
    this.cursor = {row: 0, column: 0};  // in shown labels
    this.cursorToken = 0;
    this.hovered = null;
    byId('panels').append(this.root);
    this.overview = new Overview(this, find('.overview'));
    this.tokens = new Tokens(this, find('.tokens'));
    this.views = {};
    this.viewHosts = {};
    for (const View of [MatrixView, LinesView, KernelView]) {
      const host = element('div', 'view', find('.views'));
      const view = new View(this, host);
      this.views[view.name] = view;
      this.viewHosts[view.name] = host;
      view.canvas.addEventListener('keydown', (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !this.map) return;
        if (!view.key(event)) return;
        event.preventDefault();
        event.stopPropagation();
      });
    }
    this.zoomButtons = find('.zoom');
    this.zoomButtons.addEventListener('click', (event) => {
      if (event.target.dataset.by) this.views.matrix.enlarge(Number(event.target.dataset.by));
    });
    find('.export').addEventListener('click', (event) => {
      const {format, way} = event.target.dataset;
      if (format) exportView(this, format, way);
    });
  }
  get view() {
    const {view} = this.app.state;
    return this.views[view === 'kernel' && !(this.set && this.set.isBand) ? 'matrix' : view];
  }
  layer() {
    return Math.min(this.app.state.layer, this.set.layers.length - 1);
  }
  head() {
    return Math.min(this.app.state.head, this.set.headCount - 1);
  }
  index() {
    return this.layer() * this.set.headCount + this.head();
  }
  place() {
    return this.overview.nameOf(this.index());
  }

  // Is there something to show that was not in the file's part that has been read?
  isWaiting() {
    return !this.map || !this.overview.isWhole();
  }

  // After any change of the state, or when more of the file is there.
  update(isOverviewNew) {
    const {app} = this;
    if (!isOverviewNew) this.exportNote.hidden = true;
    const record = app.record();
    this.model = record && record.models[this.number];
    const set = this.model && this.model.sets.find((one) => one.type === app.state.type);
    const isAbsent = !set || set.count === 0 || set.rows === 0;
    this.absent.hidden = !isAbsent;
    this.content.hidden = isAbsent;
    this.map = null;
    this.set = isAbsent ? null : set;
    if (isAbsent) {
      this.absent.textContent = record ? 'No maps of this kind.' : 'No records.';
      return;
    }
    const areWords = app.state.words;
    this.overview.build();
    this.overview.mark(this.index());
    const overviewKey = [
      set.key, areWords, app.state.scale, app.state.commonRange, app.colors.theme.name
    ].join(' ');
    if (isOverviewNew || overviewKey !== this.overviewKey) {
      this.overview.paint(overviewKey !== this.overviewKey);
      this.overviewKey = overviewKey;
    }
    this.caption.textContent = `${this.place()} · ${app.settings.types[set.type]}`;
    const mapKey = `${set.key}/${this.index()} ${areWords}`;
    if (mapKey !== this.mapKey || !this.lastMap)
      this.lastMap = shownMap(this.model, set, this.index(), areWords);
    this.mapKey = mapKey;
    this.map = this.lastMap;
    this.largest = app.state.commonRange || !this.map ? app.largest() : this.map.largest;
    this.zoomButtons.hidden = this.view.name !== 'matrix';
    for (const [name, host] of Object.entries(this.viewHosts)) {
      host.hidden = !this.map || name !== this.view.name;
    }
    if (!this.map) {
      this.readoutParts.forEach((part) => {
        part.textContent = '';
      });
      this.readoutParts[4].textContent =
          app.records.isWhole ? 'The file ends before this map.' : 'Loading …';
      return;
    }
    if (this.model !== this.lastModel || areWords !== this.lastWords) {
      const token = this.model === this.lastModel ? this.cursorToken : 0;
      this.lastModel = this.model;
      this.lastWords = areWords;
      this.hovered = null;
      this.cursorToken = token;
      const row = labelsOf(this.model, areWords).words[token];
      this.cursor = {row, column: row};
      this.view.reveal(row, row);
    }
    this.find();
    this.draw();
  }
  find() {
    const {words} = labelsOf(this.model, this.app.state.words);
    this.foundTokens = this.app.search.tokensFound(this.model);
    this.found = new Set([...this.foundTokens].map((token) => words[token]));
  }
  draw() {
    if (!this.map) return;
    this.view.draw();
    this.tokens.draw();
    this.tokens.markFound();
    this.tell();
    this.drawLegend();
  }
  pointed() {
    return this.hovered || this.cursor;
  }
  // What a token, or word, reads most from; or what reads most from it.
  strongest(token, isFrom) {
    const {size, square} = this.map;
    const weight = (other) => isFrom ? square[token * size + other] : square[other * size + token];
    let best = 0;
    for (let other = 1; other < size; ++other) {
      if (weight(other) > weight(best)) best = other;
    }
    return best;
  }
  isHovered() {
    return this.hovered !== null;
  }
  tokenPointed() {
    if (this.hovered) {
      return this.hovered.token === undefined ? this.map.starts[this.hovered.row] :
                                                this.hovered.token;
    }
    return this.cursorToken;
  }
  drawFront() {
    if (!this.map) return;
    this.view.drawFront();
    this.tokens.draw();
    this.tell();
  }
  setHovered(at) {
    const same = at === this.hovered ||
        (at && this.hovered && at.row === this.hovered.row && at.column === this.hovered.column &&
         at.token === this.hovered.token && at.tap === this.hovered.tap);
    if (same) return;
    this.hovered = at;
    this.drawFront();
  }
  hover(row, column) {
    this.setHovered(row === null ? null : {row, column});
  }
  // By token, as kernels are: the column may be outside of the text.
  hoverToken(token, other) {
    const {words} = labelsOf(this.model, this.app.state.words);
    this.setHovered({row: words[token], column: this.wordNear(words, other), token, tap: other});
  }
  wordNear(words, token) {
    return words[Math.max(0, Math.min(words.length - 1, token))];
  }
  moveTo(row, column, isByKey, isFollowing = false) {
    if (!this.map) return;
    const bounded = (at) => Math.max(0, Math.min(this.map.size - 1, at));
    this.moveCursor(
        {row: bounded(row), column: bounded(column)}, this.map.starts[bounded(row)], isByKey);
    if (!isFollowing) this.app.follow(this);
  }
  moveToToken(token, other, isByKey) {
    const {words} = labelsOf(this.model, this.app.state.words);
    this.moveCursor({row: words[token], column: this.wordNear(words, other)}, token, isByKey);
    this.app.follow(this);
  }
  moveCursor(cursor, token, isByKey) {
    this.cursor = cursor;
    this.cursorToken = token;
    if (isByKey) {
      this.hovered = null;
      this.view.reveal(cursor.row, cursor.column);
      this.tokens.reveal(cursor.row);
    }
    this.draw();
    if (isByKey) this.announce(this.readout.textContent);
  }
  announce(text) {
    this.app.announce(text);
  }
  // Until the view is another one.
  tellExport(text) {
    this.exportNote.textContent = text;
    this.exportNote.hidden = false;
    this.announce(text);
  }

  // The cell that is pointed at, in words and numbers.
  tell() {
    const {row, column} = this.pointed();
    const {map, model} = this;
    const [from, arrow, to, weight, note] = this.readoutParts;
    arrow.textContent = ' → ';
    if (this.view.name === 'kernel') {
      const token = this.tokenPointed();
      const tap = this.view.shownTap();
      const j = token + tap - this.view.half();
      from.textContent = model.labels[token];
      to.textContent = nameOf(model, j) + (sideOf(model, j) === 0 ? '' : ' the text');
      weight.textContent = ` ${weightText(map.band[token * this.set.columns + tap])} `;
      note.textContent = `token ${model.first + token}, offset ${this.view.offsetText(tap)}`;
      return;
    }
    from.textContent = map.labels[row];
    to.textContent = map.labels[column];
    weight.textContent = ` ${weightText(map.square[row * map.size + column])} `;
    const number = (label) => model.first + map.starts[label];
    let text = `${number(row)} → ${number(column)}`;
    if (map.outside) {
      const [before, behind] = [map.outside[2 * row], map.outside[2 * row + 1]];
      if (before + behind > 0) text += `; outside the text ${weightText(before + behind)}`;
    }
    note.textContent = text;
  }
  drawLegend() {
    const width = 220;
    this.legend.setAttribute(
        'aria-label',
        `Colours: from 0 to ${weightText(this.largest)}, ` +
            (this.app.state.scale === 'log' ? 'logarithmic' : 'linear'));
    this.largestHere.textContent = this.app.state.commonRange ?
        `largest here ${weightText(this.map.largest)}` :
        `largest of all maps ${weightText(this.app.largest())}`;
    if (this.view.name === 'kernel' && this.view.hasEnds())
      this.largestHere.textContent += ' · hatched: beyond the ends of the text';
    const context = sizedContext(this.legend, width, 26);
    this.drawLegendOn(new CanvasSurface(context), 0, 0, width);
  }
  drawLegendOn(surface, x, y, width) {
    const {app, largest} = this;
    const {theme} = app.colors;
    const isLog = app.state.scale === 'log';
    for (let i = 0; i < width; ++i) {
      surface.fill(x + i, y, 1, 9, theme.css[Math.round(255 * i / (width - 1))]);
    }
    surface.frame(x + 0.5, y + 0.5, width - 1, 8, theme.line);
    const style = {color: theme.faint_text, size: 10.5};
    const low = isLog ? weightText(largest / 10 ** app.colors.decades) : '0';
    const middle =
        isLog ? weightText(largest / 10 ** (app.colors.decades / 2)) : weightText(largest / 2);
    surface.text(low, x, y + 18, {...style, align: 'left'});
    surface.text(middle, x + width / 2, y + 18, {...style, align: 'center'});
    surface.text(weightText(largest), x + width, y + 18, {...style, align: 'right'});
  }
}
