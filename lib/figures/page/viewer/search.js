// Finds text in tokens, over the pieces of words and from one token to the next.

class Search {
  constructor(app) {
    this.app = app;
    this.input = byId('search');
    this.output = byId('found');
    this.input.addEventListener('input', () => {
      this.at = -1;
      this.changed();
    });
    this.input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        this.go(event.shiftKey ? -1 : 1);
      } else if (event.key === 'Escape') {
        this.input.value = '';
        this.changed();
        this.input.blur();
      }
      event.stopPropagation();
    });
    this.at = -1;
  }
  query() {
    return this.input.value.trim().toLowerCase();
  }
  // The text that labels stand for, and which label each character is of.
  textOf(model) {
    if (!model.text) {
      const labelOf = [];
      let text = '';
      model.labels.forEach((label, i) => {
        const isPiece = model.continuing.has(i);
        const part = (isPiece ? label.slice(model.mark.length) : (i > 0 ? ' ' : '') + label).toLowerCase();
        text += part;
        for (let c = 0; c < part.length; ++c) labelOf.push(i);
      });
      model.text = {text, labelOf};
    }
    return model.text;
  }
  // [first token, last token] of each place.
  places(model) {
    const query = this.query();
    if (!query || !model) return [];
    if (model.places && model.places.query === query) return model.places.list;
    const {text, labelOf} = this.textOf(model);
    const list = [];
    for (let at = text.indexOf(query); at >= 0; at = text.indexOf(query, at + query.length)) {
      list.push([labelOf[at], labelOf[at + query.length - 1]]);
    }
    model.places = {query, list};
    return list;
  }
  tokensFound(model) {
    const tokens = new Set();
    for (const [first, last] of this.places(model)) {
      for (let token = first; token <= last; ++token) tokens.add(token);
    }
    return tokens;
  }
  othersWith() {
    const {list} = this.app.records;
    const others = [];
    list.forEach((record, r) => {
      if (r !== this.app.state.record && record.models.some((model) => this.places(model).length))
        others.push(r);
    });
    return others;
  }
  changed() {
    this.tell();
    for (const panel of this.app.panels) {
      if (!panel.map) continue;
      panel.find();
      panel.draw();
    }
  }
  tell() {
    if (!this.query()) {
      this.output.textContent = '';
      return;
    }
    const record = this.app.record();
    const count = record ? Math.max(...record.models.map((model) => this.places(model).length)) : 0;
    const others = this.othersWith().length;
    const here = count === 0 ? 'none' : this.at >= 0 ? `${this.at + 1} of ${count}` : `${count}`;
    this.output.textContent =
        here + (others ? ` · ${others} more record${others > 1 ? 's' : ''}` : '');
  }
  // To the next place, after the last one in the next record that has one.
  go(by) {
    const record = this.app.record();
    const count =
        record ? Math.max(0, ...record.models.map((model) => this.places(model).length)) : 0;
    const next = this.at < 0 && by < 0 ? count - 1 : this.at + by;
    const others = this.othersWith();
    if (next >= 0 && next < count) {
      this.at = next;
    } else if (others.length) {
      const {record: here} = this.app.state;
      const later = others.filter((r) => (by > 0 ? r > here : r < here));
      const pick =
          by > 0 ? (later[0] ?? others[0]) : (later[later.length - 1] ?? others[others.length - 1]);
      this.app.change({record: pick});
      const there = Math.max(...this.app.record().models.map((model) => this.places(model).length));
      this.at = by > 0 ? 0 : there - 1;
    } else if (count > 0) {
      this.at = (next + count) % count;
    } else {
      return;
    }
    for (const panel of this.app.panels) {
      const place = this.places(panel.model)[this.at];
      if (!place || !panel.map) continue;
      const row = labelsOf(panel.model, this.app.state.words).words[place[0]];
      panel.moveTo(row, row, true, true);
    }
    this.tell();
  }
}
