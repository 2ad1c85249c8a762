// The page's state, its controls, and who must know when it changes.

class App {
  constructor(settings) {
    this.settings = settings;
    this.colors = new Colors(settings);
    this.state = {
      record: 0, type: '', layer: 0, head: 0, view: 'matrix', scale: settings.scale,
      ownRange: false, words: false, theme: settings.theme,
    };
    this.colors.use(this.state.theme);
    const get = (id) => document.getElementById(id);
    this.controls = {
      record: get('record'), type: get('type'), layer: get('layer'), head: get('head'),
      ownRange: get('own-range'), words: get('words'), theme: get('theme'),
    };
    get('title').textContent = settings.title;
    document.body.classList.toggle('compares', settings.models.length > 1);
    this.search = new Search(this);
    this.panels = [];
    this.records = new Records(get('records'), settings, () => this.arrived());
    this.panels = settings.models.map((name, i) => new Panel(this, i, name));
    this.listen(get);
    listenToKeys(this);
    let isSizing = false;
    new ResizeObserver(() => {
      if (isSizing) return;
      isSizing = true;
      requestAnimationFrame(() => {
        isSizing = false;
        for (const panel of this.panels) panel.draw();
      });
    }).observe(get('panels'));
    this.update(true);
  }
  listen(get) {
    const {controls} = this;
    controls.record.addEventListener('change', () => this.change({record: controls.record.selectedIndex}));
    controls.type.addEventListener('change', () => this.change({type: controls.type.value}));
    for (const key of ['layer', 'head']) {
      controls[key].addEventListener('input', () => this.change({[key]: Number(controls[key].value)}));
    }
    for (const key of ['ownRange', 'words']) {
      controls[key].addEventListener('change', () => this.change({[key]: controls[key].checked}));
    }
    for (const name of ['view', 'scale']) {
      get(name).addEventListener('change', (event) => this.change({[name]: event.target.value}));
    }
    controls.theme.addEventListener('click', () => {
      this.change({theme: this.state.theme === 'dark' ? 'light' : 'dark'});
    });
    get('previous-record').addEventListener('click', () => this.change({record: this.state.record - 1}));
    get('next-record').addEventListener('click', () => this.change({record: this.state.record + 1}));
    get('help').addEventListener('click', () => get('help-dialog').showModal());
  }
  record() { return this.records.list[this.state.record]; }
  sets() {
    const record = this.record();
    if (!record) return [];
    return record.models.map((model) => model.sets.find((set) => set.type === this.state.type)).filter(Boolean);
  }
  types() {
    const record = this.record();
    const here = new Set(record ? record.models.flatMap((model) => model.sets.map((set) => set.type)) : []);
    return Object.keys(this.settings.types).filter((type) => here.has(type));
  }
  change(changes) {
    const before = {...this.state};
    Object.assign(this.state, changes);
    // Only kernels have the kernels' view.
    if (changes.view === 'kernel' && this.types().includes('conv')) this.state.type = 'conv';
    this.state.record = Math.max(0, Math.min(this.records.list.length - 1, this.state.record));
    if (this.state.theme !== before.theme) this.colors.use(this.state.theme);
    if (this.state.record !== before.record) this.search.at = -1;
    if (this.state.type !== before.type && before.type) {
      if (this.state.type === 'conv') {
        this.state.view = 'kernel';
      } else if (this.state.view === 'kernel') {
        this.state.view = 'matrix';
      }
    }
    this.update(false);
  }
  // More of the file is there.
  arrived() {
    if (this.panels.length === 0) return;
    this.update(true);
  }
  update(isMoreThere) {
    const {state} = this;
    const types = this.types();
    if (!types.includes(state.type) && types.length) {
      state.type = types[0];
      state.view = state.type === 'conv' ? 'kernel' : state.view === 'kernel' ? 'matrix' : state.view;
    }
    const sets = this.sets();
    const most = (count) => Math.max(1, ...sets.map(count));
    this.layers = most((set) => set.layers.length);
    this.heads = most((set) => set.headCount);
    state.layer = Math.max(0, Math.min(this.layers - 1, state.layer));
    state.head = Math.max(0, Math.min(this.heads - 1, state.head));
    if (state.view === 'kernel' && state.type !== 'conv') state.view = 'matrix';
    this.showControls(types, sets);
    for (const panel of this.panels) panel.update(isMoreThere);
    if (this.search.query()) this.search.tell();
  }
  showControls(types, sets) {
    const {state, controls} = this;
    const {list} = this.records;
    while (controls.record.options.length < list.length) {
      const number = controls.record.options.length;
      const record = list[number];
      const text = record.models[0] ? this.search.textOf(record.models[0]).text : '';
      const start = record.models[0] ? labelsOf(record.models[0], true).texts.slice(0, 12)
          .filter((label) => !/^\[[A-Z]+\]$/.test(label)).join(' ') : text;
      const option = new Option(`${record.id || number + 1} — ${fitText(start, 220, 12)}`, number);
      controls.record.add(option);
    }
    controls.record.selectedIndex = state.record;
    document.getElementById('record-count').textContent = list.length > 1 ? `${state.record + 1} of ${list.length}` : '';
    document.body.classList.toggle('lone-record', list.length < 2);
    document.getElementById('previous-record').disabled = state.record === 0;
    document.getElementById('next-record').disabled = state.record >= list.length - 1;
    if (controls.type.dataset.types !== types.join(' ')) {
      controls.type.dataset.types = types.join(' ');
      controls.type.replaceChildren(...types.map((type) => new Option(this.settings.types[type], type)));
    }
    controls.type.value = state.type;
    const numbers = (key) => [...new Set(sets.map((set) => {
      const all = set[`${key}s`];
      return all.length ? all[Math.min(state[key], all.length - 1)] : '–';
    }))].join(' · ');
    for (const [key, count] of [['layer', this.layers], ['head', this.heads]]) {
      controls[key].max = count - 1;
      controls[key].value = state[key];
      controls[key].disabled = count < 2;
      const text = numbers(key);
      document.getElementById(`${key}-number`).textContent = text;
      controls[key].setAttribute('aria-valuetext', `${key} ${text}`);
    }
    document.getElementById('head-field').hidden = sets.length > 0 && sets.every((set) => !set.heads.length);
    controls.ownRange.checked = state.ownRange;
    controls.words.checked = state.words;
    const record = this.record();
    document.getElementById('words-field').hidden = !(record && record.models.some((model) => model.continuing.size));
    controls.theme.setAttribute('aria-pressed', state.theme === 'dark');
    for (const name of ['view', 'scale']) {
      for (const input of document.querySelectorAll(`input[name=${name}]`)) {
        input.checked = input.value === state[name];
        if (input.value === 'kernel') {
          input.parentElement.hidden = !types.includes('conv');
        }
      }
    }
  }
  nextType() {
    const types = this.types();
    if (types.length) this.change({type: types[(types.indexOf(this.state.type) + 1) % types.length]});
  }
  // In the overview's directions: whole layers lie in rows there.
  moveMap(layers, heads) {
    const sets = this.sets();
    if (sets.length && sets.every((set) => !set.heads.length)) {
      const across = Math.min(4, this.layers);
      const to = this.state.layer + heads + layers * across;
      if (to >= 0 && to < this.layers) this.change({layer: to});
    } else {
      this.change({layer: this.state.layer + layers, head: this.state.head + heads});
    }
    const panel = this.panels.find((one) => one.set);
    if (panel) this.announce(panel.place());
  }
  // Another model's cursor goes along, where the text has the same labels.
  follow(leader) {
    for (const panel of this.panels) {
      if (panel === leader || !panel.map || panel.map.size !== leader.map.size) continue;
      if (panel.map.labels.every((label, i) => label === leader.map.labels[i])) {
        panel.moveTo(leader.cursor.row, leader.cursor.column, false, true);
      }
    }
  }
  announce(text) { document.getElementById('announcer').textContent = text; }
}

new App(JSON.parse(document.getElementById('settings').textContent));
