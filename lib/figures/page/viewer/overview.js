// All maps of a set as small tiles: layers by heads, or of whole layers, one after another.

const kLayersInRow = 4;   // of maps of whole layers
const kFrameBudget = 10;  // milliseconds of painting, then the browser's turn

class Overview {
  constructor(panel, host) {
    this.panel = panel;
    this.host = host;
    this.tiles = [];
    this.shape = '';
    this.waiting = [];
    this.isScheduled = false;
    host.addEventListener('click', (event) => {
      const tile = event.target.closest('button');
      if (tile) this.choose(this.tiles.indexOf(tile));
    });
  }
  choose(index) {
    const heads = this.panel.set.headCount;
    this.panel.app.change({layer: Math.floor(index / heads), head: index % heads});
    this.panel.announce(this.nameOf(index));
  }
  nameOf(index) {
    const set = this.panel.set;
    const layer = `layer ${set.layers[Math.floor(index / set.headCount)]}`;
    return set.heads.length ? `${layer}, head ${set.heads[index % set.headCount]}` : layer;
  }
  build() {
    const set = this.panel.set;
    const shape = JSON.stringify([set.layers, set.heads]);
    if (shape === this.shape) return;
    this.shape = shape;
    this.tiles = [];
    this.host.replaceChildren();
    const isOfHeads = set.heads.length > 0;
    this.host.classList.toggle('of-layers', !isOfHeads);
    this.host.style.setProperty(
        '--columns', isOfHeads ? set.headCount : Math.min(kLayersInRow, set.layers.length));
    this.host.style.setProperty(
        '--rows', isOfHeads ? set.layers.length : Math.ceil(set.layers.length / kLayersInRow));
    this.host.setAttribute(
        'aria-label',
        `Overview: ${set.layers.length} layers` + (isOfHeads ? ` by ${set.headCount} heads` : ''));
    if (isOfHeads) {
      const row = element('div', 'row', this.host);
      row.setAttribute('role', 'row');
      const corner = element('span', 'number corner-number', row);
      corner.setAttribute('role', 'columnheader');
      corner.setAttribute('aria-label', 'Layer');
      for (const head of set.heads) this.number(row, 'columnheader', head, 'head');
    }
    set.layers.forEach((layer, l) => {
      const row = element('div', 'row', this.host);
      row.setAttribute('role', 'row');
      if (isOfHeads) this.number(row, 'rowheader', layer, 'layer');
      for (let h = 0; h < set.headCount; ++h) {
        const tile = element('button', 'tile', row);
        tile.type = 'button';
        tile.tabIndex = -1;
        tile.setAttribute('role', 'gridcell');
        const name = this.nameOf(l * set.headCount + h);
        tile.setAttribute('aria-label', name);
        tile.title = name;
        element('canvas', '', tile).setAttribute('aria-hidden', 'true');
        if (!isOfHeads) element('span', 'number', tile).textContent = layer;
        this.tiles.push(tile);
      }
    });
  }
  number(row, role, number, what) {
    const span = element('span', 'number', row);
    span.setAttribute('role', role);
    span.setAttribute('aria-label', `${what} ${number}`);
    span.textContent = number;
  }
  // Marks the chosen one; keeps the focus, if the overview has it, there.
  mark(index) {
    const hadFocus = this.host.contains(document.activeElement);
    this.tiles.forEach((tile, i) => {
      const isChosen = i === index;
      if ((tile.tabIndex === 0) !== isChosen) {
        tile.tabIndex = isChosen ? 0 : -1;
        tile.setAttribute('aria-selected', isChosen);
      }
    });
    if (hadFocus && this.tiles[index]) this.tiles[index].focus({preventScroll: true});
  }
  paint(isEverything) {
    if (isEverything) {
      this.tiles.forEach((tile) => {
        tile.isPainted = false;
      });
    }
    this.waiting = this.tiles.map((tile, i) => i).filter((i) => !this.tiles[i].isPainted);
    this.schedule();
  }
  isWhole() {
    return this.tiles.every((tile) => tile.isPainted);
  }
  schedule() {
    if (this.isScheduled || this.waiting.length === 0) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.tileWidth = this.tiles[0].clientWidth * (window.devicePixelRatio || 1);
      const end = performance.now() + kFrameBudget;
      while (this.waiting.length > 0 && performance.now() < end)
        this.paintTile(this.waiting.shift());
      this.schedule();
    });
  }
  paintTile(index) {
    const {set, model, app} = this.panel;
    const thumbnail = set && thumbnailOf(model, set, index, app.state.words);
    if (!thumbnail) return;  // its weights come later, and paint() again
    const {weights, rows, columns} = thumbnail;
    const tile = this.tiles[index];
    const largest = app.state.commonRange ? app.largest() : largestOf(weights);
    app.colors.paint(weights, rows, columns, largest, app.state.scale, tile.firstChild);
    tile.classList.toggle('coarse', set.isBand || this.tileWidth >= 1.7 * rows);
    tile.isPainted = true;
    this.host.dataset.painted = this.tiles.filter((one) => one.isPainted).length;
  }
}
