// The page's state, and who must know when it changes.

class App {
  constructor(settings) {
    this.settings = settings;
    this.colors = new Colors(settings);
    this.state = {
      record: 0,
      type: '',
      layer: 0,  // place in the set's list of layers, and of heads
      head: 0,
      view: 'matrix',
      scale: settings.scale,
      commonRange: false,
      words: false,
      theme: settings.theme,
    };
    this.colors.use(this.state.theme);
    this.search = new Search(this);
    this.controls = new Controls(this);
    this.panels = [];
    this.records = new Records(byId('records'), settings, () => this.arrived());
    this.panels = settings.models.map((name, i) => new Panel(this, i, name));
    listenToKeys(this);
    this.followSize();
    this.update(true);
  }
  followSize() {
    let isDue = false;
    const observer = new ResizeObserver(() => {
      if (isDue) return;
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        for (const panel of this.panels) panel.draw();
      });
    });
    observer.observe(byId('panels'));
  }
  record() {
    return this.records.list[this.state.record];
  }
  // Of the chosen type, of those models that have one.
  sets() {
    const record = this.record();
    const ofType = (model) => model.sets.find((set) => set.type === this.state.type);
    return record ? record.models.map(ofType).filter(Boolean) : [];
  }
  // Of all their weights, so that a common range is common to both models.
  largest() {
    return Math.max(0, ...this.sets().map((set) => set.largest));
  }
  types() {
    const models = this.record() ? this.record().models : [];
    const here = new Set(models.flatMap((model) => model.sets.map((set) => set.type)));
    return Object.keys(this.settings.types).filter((type) => here.has(type));
  }
  change(changes) {
    const before = {...this.state};
    const {state} = this;
    Object.assign(state, changes);
    state.record = Math.max(0, Math.min(this.records.list.length - 1, state.record));
    if (state.theme !== before.theme) this.colors.use(state.theme);
    if (state.record !== before.record) this.search.at = -1;
    if (changes.view === 'kernel' && this.types().includes('conv')) state.type = 'conv';
    if (state.type !== before.type && state.type === 'conv') state.view = 'kernel';
    this.update(false);
  }
  // More of the file is there.
  arrived() {
    if (this.panels.length === 0 || this.isArriving) return;
    this.isArriving = true;
    requestAnimationFrame(() => {
      this.isArriving = false;
      const isShort = this.controls.record.options.length < this.records.list.length;
      if (isShort || this.panels.some((panel) => panel.isWaiting())) this.update(true);
    });
  }
  update(isMoreThere) {
    const {state} = this;
    const types = this.types();
    if (types.length > 0 && !types.includes(state.type)) {
      state.type = types[0];
      if (state.type === 'conv') state.view = 'kernel';
    }
    // Only kernels have the kernels' view.
    if (state.view === 'kernel' && state.type !== 'conv') state.view = 'matrix';
    const most = (count) => Math.max(1, ...this.sets().map(count));
    this.layers = most((set) => set.layers.length);
    this.heads = most((set) => set.headCount);
    state.layer = Math.max(0, Math.min(this.layers - 1, state.layer));
    state.head = Math.max(0, Math.min(this.heads - 1, state.head));
    this.controls.show();
    for (const panel of this.panels) panel.update(isMoreThere);
    if (this.search.query()) this.search.tell();
  }
  nextType() {
    const types = this.types();
    const next = types[(types.indexOf(this.state.type) + 1) % types.length];
    if (next) this.change({type: next});
  }
  // In the overview's directions: whole layers lie in rows there.
  moveMap(layers, heads) {
    const sets = this.sets();
    if (sets.length > 0 && sets.every((set) => set.heads.length === 0)) {
      const to = this.state.layer + heads + layers * Math.min(kLayersInRow, this.layers);
      if (to >= 0 && to < this.layers) this.change({layer: to});
    } else {
      this.change({layer: this.state.layer + layers, head: this.state.head + heads});
    }
    const panel = this.panels.find((one) => one.set);
    if (panel) this.announce(panel.place());
  }
  // Another model's cursor goes along, where the text has the same labels.
  follow(leader) {
    const {labels} = leader.map;
    for (const panel of this.panels) {
      if (panel === leader || !panel.map || panel.map.size !== leader.map.size) continue;
      if (panel.map.labels.every((label, i) => label === labels[i])) {
        panel.moveTo(leader.cursor.row, leader.cursor.column, false, true);
      }
    }
  }
  announce(text) {
    byId('announcer').textContent = text;
  }
}

new App(JSON.parse(byId('settings').textContent));
