// The text itself: each token on the colour of what the chosen one reads from it.

class Tokens {
  constructor(panel, host) {
    this.panel = panel;
    this.host = host;
    this.host.id = `tokens-${panel.number}`;
    this.spans = [];
    this.labels = null;
    const tokenOf = (event) => {
      const span = event.target.closest('span');
      return span ? this.spans.indexOf(span) : -1;
    };
    host.addEventListener('pointerover', (event) => {
      const token = tokenOf(event);
      if (token >= 0) panel.hover(token, panel.strongest(token, true));
    });
    host.addEventListener('pointerleave', () => panel.hover(null, null));
    host.addEventListener('click', (event) => {
      const token = tokenOf(event);
      if (token < 0) return;
      this.choose(token, false);
    });
    host.addEventListener('keydown', (event) => {
      const {map} = panel;
      if (!map || event.ctrlKey || event.metaKey || event.altKey) return;
      const isMirrored = getComputedStyle(host).direction === 'rtl';
      const moves = {
        ArrowLeft: isMirrored ? 1 : -1,
        ArrowRight: isMirrored ? -1 : 1,
        ArrowUp: -10,
        ArrowDown: 10,
        Home: -map.size,
        End: map.size
      };
      if (!(event.key in moves)) return;
      event.preventDefault();
      event.stopPropagation();
      const token = panel.cursor.row + moves[event.key];
      this.choose(Math.max(0, Math.min(map.size - 1, token)), true);
    });
  }
  choose(token, isByKey) {
    const other = this.panel.strongest(token, true);
    this.panel.views.lines.isFrom = true;
    this.panel.view.reveal(token, other);
    this.panel.moveTo(token, other, isByKey);
  }
  build() {
    const {map} = this.panel;
    if (map.labels === this.labels) return;
    this.labels = map.labels;
    this.chosen = -1;
    this.spans = map.labels.map((label, i) => {
      const span = document.createElement('span');
      const isPiece = map.pieces.has(i);
      span.textContent = isPiece ? label.slice(map.mark.length) : label;
      if (isPiece) span.className = 'piece';
      if (isSpecial(label)) {
        span.className = 'special';
        span.dir = 'ltr';  // what the text's direction is does not go by its letters
      }
      span.id = `${this.host.id}-${i}`;
      span.setAttribute('role', 'option');
      span.setAttribute('aria-label', label);
      return span;
    });
    // Lines break where words do.
    this.host.replaceChildren();
    for (const span of this.spans) this.host.append(span.className === 'piece' ? '' : ' ', span);
    this.host.scrollTop = 0;
  }
  markFound() {
    this.spans.forEach((span, i) => span.classList.toggle('found', this.panel.found.has(i)));
  }
  draw() {
    this.build();
    const {map, app, largest} = this.panel;
    const chosen = this.panel.pointed().row;
    this.spans.forEach((span, j) => {
      const step = app.colors.step(map.square[chosen * map.size + j], largest, app.state.scale);
      if (span.shownStep === step && span.shownTheme === app.colors.theme.name) return;
      span.shownStep = step;
      span.shownTheme = app.colors.theme.name;
      span.style.backgroundColor = step > 2 ? app.colors.theme.css[step] : '';
      span.style.color = step > 2 ? app.colors.theme.inks[step] : '';
    });
    if (chosen !== this.chosen) {
      for (const [i, isChosen] of [[this.chosen, false], [chosen, true]]) {
        if (!this.spans[i]) continue;
        this.spans[i].classList.toggle('chosen', isChosen);
        this.spans[i].setAttribute('aria-selected', isChosen);
      }
      this.chosen = chosen;
      this.host.setAttribute('aria-activedescendant', `${this.host.id}-${chosen}`);
    }
  }
  reveal(token) {
    const span = this.spans[token];
    if (!span) return;
    const top = span.offsetTop - this.host.offsetTop;
    if (top < this.host.scrollTop) this.host.scrollTop = top - 4;
    const bottom = top + span.offsetHeight;
    if (bottom > this.host.scrollTop + this.host.clientHeight) {
      this.host.scrollTop = bottom - this.host.clientHeight + 4;
    }
  }
}
