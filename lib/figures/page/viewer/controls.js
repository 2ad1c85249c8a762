// The bars above the maps: what a person sets there, and what they say of the state.

function byId(id) {
  return document.getElementById(id);
}

const kControls = {
  record: 'record',
  type: 'type',
  layer: 'layer',
  head: 'head',
  commonRange: 'common-range',
  words: 'words',
};

class Controls {
  constructor(app) {
    this.app = app;
    const inputs = Object.entries(kControls).map(([key, id]) => [key, byId(id)]);
    Object.assign(this, Object.fromEntries(inputs));
    byId('title').textContent = app.settings.title;
    document.body.classList.toggle('compares', app.settings.models.length > 1);
    this.listen();
  }
  listen() {
    const {app} = this;
    const {state} = app;
    const on = (control, event, changes) => {
      control.addEventListener(event, () => app.change(changes()));
    };
    on(this.record, 'change', () => ({record: this.record.selectedIndex}));
    on(this.type, 'change', () => ({type: this.type.value}));
    on(this.layer, 'input', () => ({layer: Number(this.layer.value)}));
    on(this.head, 'input', () => ({head: Number(this.head.value)}));
    on(this.commonRange, 'change', () => ({commonRange: this.commonRange.checked}));
    on(this.words, 'change', () => ({words: this.words.checked}));
    on(byId('theme'), 'click', () => ({theme: state.theme === 'dark' ? 'light' : 'dark'}));
    on(byId('previous-record'), 'click', () => ({record: state.record - 1}));
    on(byId('next-record'), 'click', () => ({record: state.record + 1}));
    for (const name of ['view', 'scale']) {
      byId(name).addEventListener('change', (event) => app.change({[name]: event.target.value}));
    }
    byId('help').addEventListener('click', () => byId('help-dialog').showModal());
  }
  show() {
    this.showRecords();
    this.showTypes();
    this.showNumbers();
    const {state} = this.app;
    const record = this.app.record();
    const hasPieces = record && record.models.some((model) => model.continuing.size > 0);
    byId('words-field').hidden = !hasPieces;
    this.commonRange.checked = state.commonRange;
    this.words.checked = state.words;
    byId('theme').setAttribute('aria-pressed', state.theme === 'dark');
    for (const name of ['view', 'scale']) {
      for (const input of byId(name).querySelectorAll('input')) {
        input.checked = input.value === state[name];
      }
    }
  }
  showRecords() {
    const {list} = this.app.records;
    const at = this.app.state.record;
    while (this.record.options.length < list.length) {
      const number = this.record.options.length;
      this.record.add(new Option(this.nameOf(list[number], number), number));
    }
    this.record.selectedIndex = at;
    byId('record-count').textContent = list.length > 1 ? `${at + 1} of ${list.length}` : '';
    document.body.classList.toggle('lone-record', list.length < 2);
    byId('previous-record').disabled = at === 0;
    byId('next-record').disabled = at >= list.length - 1;
  }
  // Its id, or else its number, and how its text begins.
  nameOf(record, number) {
    const name = record.id || `${number + 1}`;
    if (record.models.length === 0) return name;
    const words = labelsOf(record.models[0], true).texts.slice(0, 12);
    const start = words.filter((word) => !isSpecial(word)).join(' ');
    return `${name} — ${fitText(start, 220, 12)}`;
  }
  showTypes() {
    const types = this.app.types();
    if (this.type.dataset.types !== types.join(' ')) {
      this.type.dataset.types = types.join(' ');
      const titles = this.app.settings.types;
      this.type.replaceChildren(...types.map((type) => new Option(titles[type], type)));
    }
    this.type.value = this.app.state.type;
    byId('view').lastElementChild.hidden = !types.includes('conv');  // the kernels' view
  }
  showNumbers() {
    const {app} = this;
    const sets = app.sets();
    for (const [key, count] of [['layer', app.layers], ['head', app.heads]]) {
      // Models that are compared may not have the same.
      const numbers = sets.map((set) => {
        const all = set[`${key}s`];
        return all.length > 0 ? all[Math.min(app.state[key], all.length - 1)] : '–';
      });
      const text = [...new Set(numbers)].join(' · ');
      this[key].max = count - 1;
      this[key].value = app.state[key];
      this[key].disabled = count < 2;
      this[key].setAttribute('aria-valuetext', `${key} ${text}`);
      byId(`${key}-number`).textContent = text;
    }
    byId('head-field').hidden = sets.length > 0 && sets.every((set) => set.heads.length === 0);
  }
}
