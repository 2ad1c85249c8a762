// A map as a matrix of cells, rows read from columns. It fits its place or is enlarged, and then
// shows a part.

const kLargestCell = 52;

class MatrixView {
  constructor(panel, host) {
    this.panel = panel;
    this.name = 'matrix';
    this.frame = element('div', 'matrix', host);
    this.base = element('canvas', '', this.frame);
    this.base.setAttribute('aria-hidden', 'true');
    this.canvas = element('canvas', 'front', this.frame);
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'application');
    this.canvas.setAttribute('aria-roledescription', 'matrix');
    this.zoom = 0;  // times that the cells are doubled
    this.row = 0;   // the first that are seen
    this.column = 0;
    this.imageKey = '';
    this.listen();
  }
  listen() {
    const canvas = this.canvas;
    const pointed = (event) => {
      const box = canvas.getBoundingClientRect();
      return this.cellAt(event.clientX - box.left, event.clientY - box.top);
    };
    let drag = null;
    canvas.addEventListener('pointermove', (event) => {
      if (drag && this.zoom > 0) {
        const {cell} = this.layout;
        this.row = drag.row + (drag.y - event.clientY) / cell;
        this.column = drag.column + (drag.x - event.clientX) / cell;
        drag.isMoved =
            drag.isMoved || Math.abs(drag.y - event.clientY) + Math.abs(drag.x - event.clientX) > 4;
        this.draw();
        return;
      }
      const at = pointed(event);
      this.panel.hover(at ? at.row : null, at ? at.column : null);
    });
    canvas.addEventListener('pointerdown', (event) => {
      if (this.zoom > 0) {
        canvas.setPointerCapture(event.pointerId);
        drag = {
          x: event.clientX,
          y: event.clientY,
          row: this.row,
          column: this.column,
          isMoved: false
        };
      }
    });
    canvas.addEventListener('pointerup', (event) => {
      const at = pointed(event);
      if (at && !(drag && drag.isMoved)) this.panel.moveTo(at.row, at.column, false);
      drag = null;
    });
    canvas.addEventListener('pointercancel', () => {
      drag = null;
    });
    canvas.addEventListener('pointerleave', () => {
      if (!drag) this.panel.hover(null, null);
    });
    canvas.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && this.zoom === 0) return;
      event.preventDefault();
      if (event.ctrlKey) {
        this.enlarge(event.deltaY < 0 ? 1 : -1, pointed(event));
      } else {
        this.row += event.deltaY / this.layout.cell;
        this.column += event.deltaX / this.layout.cell;
        this.draw();
      }
    }, {passive: false});
    canvas.addEventListener(
        'dblclick', (event) => this.enlarge(event.shiftKey ? -1 : 1, pointed(event)));
    canvas.addEventListener('focus', () => this.drawFront());
    canvas.addEventListener('blur', () => this.drawFront());
  }
  enlarge(by, about) {
    const {map} = this.panel;
    if (!map || !this.layout) return;
    const at = about || this.panel.cursor;
    const next = by === 0 ? 0 : Math.max(0, this.zoom + by);
    if (by > 0 && this.layout.cell >= kLargestCell) return;
    this.zoom = next;
    this.layOut();
    this.row = at.row - this.layout.seen / 2;
    this.column = at.column - this.layout.seen / 2;
    this.draw();
    this.canvas.classList.toggle('enlarged', this.zoom > 0);
  }
  // Scrolls, where only a part is seen, until the cell is.
  reveal(row, column) {
    if (!this.layout) return;
    const {seen} = this.layout;
    const near = (first, at) => at < first ? at : at + 1 > first + seen ? at + 1 - seen : first;
    this.row = near(this.row, row);
    this.column = near(this.column, column);
  }
  layOut() {
    const {map} = this.panel;
    const width = Math.max(200, this.frame.clientWidth);
    const height = Math.max(260, Math.min(width, window.innerHeight * 0.72));
    if (map.labels !== this.labels) {
      this.labels = map.labels;
      this.widest = widestOf(map.labels);
    }
    const margin = Math.ceil(Math.min(this.widest + 10, 128, width * 0.26));
    const side = Math.min(width, height) - margin - 1;
    const ratio = window.devicePixelRatio || 1;
    let cell = side * ratio / map.size;
    // Whole pixels are crisp, if that does not leave too much of the place empty.
    if (Math.floor(cell) >= 0.8 * cell) cell = Math.floor(cell);
    cell = Math.min(kLargestCell, cell / ratio);
    while (this.zoom > 0 && cell * 2 ** (this.zoom - 1) >= kLargestCell) --this.zoom;
    if (this.zoom > 0)
      cell = Math.max(1, Math.round(Math.min(kLargestCell, cell * 2 ** this.zoom)));
    const seen = Math.min(map.size, this.zoom > 0 ? Math.floor(side / cell) : map.size);
    const largestFirst = map.size - seen;
    this.row = Math.max(0, Math.min(largestFirst, Math.round(this.row)));
    this.column = Math.max(0, Math.min(largestFirst, Math.round(this.column)));
    const size = Math.min(12, Math.max(9, cell * 0.85));
    const step = Math.ceil((size + 1.5) / cell);  // from one label to the next
    this.layout = {
      size,
      step,
      margin,
      cell,
      seen,
      width: margin + seen * cell + 1,
      height: margin + seen * cell + 1
    };
    Object.assign(this.canvas.dataset, {margin, cell, row: this.row, column: this.column, seen});
  }
  cellAt(x, y) {
    if (!this.layout) return null;
    const {margin, cell, seen} = this.layout;
    const row = Math.floor((y - margin) / cell);
    const column = Math.floor((x - margin) / cell);
    if (row >= seen || column >= seen || (row < 0 && column < 0)) return null;
    // Over the labels: of that row, or column, the cell at the cursor.
    const {cursor} = this.panel;
    return {
      row: row < 0 ? cursor.row : row + this.row,
      column: column < 0 ? cursor.column : column + this.column
    };
  }
  image() {
    const {map, app, largest} = this.panel;
    const key = [this.panel.mapKey, largest, app.state.scale, app.colors.theme.name].join(' ');
    if (key !== this.imageKey) {
      this.imageKey = key;
      this.picture =
          app.colors.paint(map.square, map.size, map.size, largest, app.state.scale, this.picture);
    }
    return this.picture;
  }
  draw() {
    this.layOut();
    const {width, height} = this.layout;
    this.drawOn(new CanvasSurface(sizedContext(this.base, width, height)), false);
    this.drawFront();
    const {set, app} = this.panel;
    this.canvas.setAttribute(
        'aria-label',
        `${app.settings.types[set.type]}, ${this.panel.place()}: ` +
            `${this.panel.map.size} by ${this.panel.map.size}; arrow keys move the cell`);
  }
  drawOn(surface, isForFile) {
    const {map, app} = this.panel;
    const {margin, cell, seen} = this.layout;
    const {theme} = app.colors;
    if (isForFile && seen <= 64) {
      for (let i = 0; i < seen; ++i) {
        for (let j = 0; j < seen; ++j) {
          const weight = map.square[(this.row + i) * map.size + this.column + j];
          const step = app.colors.step(weight, this.panel.largest, app.state.scale);
          if (step > 0)
            surface.fill(margin + j * cell, margin + i * cell, cell, cell, theme.css[step]);
        }
      }
    } else {
      surface.image(
          this.image(), this.column, this.row, seen, seen, margin, margin, seen * cell, seen * cell,
          cell < 3 && !Number.isInteger(cell * (window.devicePixelRatio || 1)));
    }
    surface.frame(margin - 0.5, margin - 0.5, seen * cell + 1, seen * cell + 1, theme.line);
    const {size, step} = this.layout;
    for (let i = 0; i < seen; i += step) {
      this.label(surface, this.row + i, i, true, size, theme);
      this.label(surface, this.column + i, i, false, size, theme);
    }
  }
  label(surface, token, place, isRow, size, theme, weight = 400) {
    const {margin, cell} = this.layout;
    const isFound = this.panel.found.has(token);
    const color = isFound ? theme.mark : weight > 400 ? theme.text : theme.faint_text;
    const text = fitText(this.labels[token], margin - 8, size, isFound ? 600 : weight);
    const at = margin + (place + 0.5) * cell;
    const style = {color, size, weight: isFound ? 600 : weight};
    if (isRow) {
      surface.text(text, margin - 5, at, {...style, align: 'right'});
    } else {
      surface.text(text, at, margin - 5, {...style, align: 'left', angle: -90});
    }
  }
  // From where to where labels must go that a larger one at that place would overlap.
  labelsUnder(place) {
    const {margin, cell, step, size} = this.layout;
    const middle = (at) => margin + (at + 0.5) * cell;
    let from = middle(place) - 9;
    let to = middle(place) + 9;
    const first = Math.floor(place / step) * step;
    for (const at of [first - step, first, first + step]) {
      if (at < 0 || Math.abs(middle(at) - middle(place)) > 8 + size / 2) continue;
      from = Math.min(from, middle(at) - size / 2 - 1);
      to = Math.max(to, middle(at) + size / 2 + 1);
    }
    return [from, to];
  }
  // The cell that is pointed at, or else the cursor.
  drawFront() {
    const {width, height, margin, cell, seen} = this.layout;
    const context = sizedContext(this.canvas, width, height);
    const surface = new CanvasSurface(context);
    const {theme} = this.panel.app.colors;
    const at = this.panel.pointed();
    const i = at.row - this.row;
    const j = at.column - this.column;
    const end = margin + seen * cell;
    const size = 12;
    if (i >= 0 && i < seen) {
      const y = margin + i * cell;
      const [from, to] = this.labelsUnder(i);
      surface.fill(0, from, margin - 1, to - from, theme.background);
      surface.fill(margin, y - 0.5, end - margin, 1, theme.accent, 0.55);
      surface.fill(margin, y + cell - 0.5, end - margin, 1, theme.accent, 0.55);
    }
    if (j >= 0 && j < seen) {
      const x = margin + j * cell;
      const [from, to] = this.labelsUnder(j);
      surface.fill(from, 0, to - from, margin - 1, theme.background);
      this.label(surface, at.column, j, false, size, theme, 600);
      surface.fill(x - 0.5, margin, 1, end - margin, theme.accent, 0.55);
      surface.fill(x + cell - 0.5, margin, 1, end - margin, theme.accent, 0.55);
    }
    if (i >= 0 && i < seen) this.label(surface, at.row, i, true, size, theme, 600);
    if (i >= 0 && i < seen && j >= 0 && j < seen) {
      surface.frame(
          margin + j * cell - 1, margin + i * cell - 1, cell + 2, cell + 2, theme.mark, 2);
    }
  }
  exported() {
    return {
      width: this.layout.width,
      height: this.layout.height,
      drawOn: (surface) => this.drawOn(surface, true)
    };
  }
  key(event) {
    const {cursor, map} = this.panel;
    const far = Math.max(1, Math.min(10, map.size >> 2));
    const moves = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      PageUp: [-far, 0],
      PageDown: [far, 0],
      Home: [0, -map.size],
      End: [0, map.size],
    };
    if (event.key in moves) {
      const [rows, columns] = moves[event.key];
      this.panel.moveTo(cursor.row + rows, cursor.column + columns, true);
    } else if (event.key === '+' || event.key === '=') {
      this.enlarge(1);
    } else if (event.key === '-') {
      this.enlarge(-1);
    } else if (event.key === '0') {
      this.enlarge(0);
    } else {
      return false;
    }
    return true;
  }
}
