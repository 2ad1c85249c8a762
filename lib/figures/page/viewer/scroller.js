// A list with a row for each token, which may be longer than its place.

const kRowHeight = 20;

// A canvas that stays in sight within a box that scrolls over `count` rows.
class Scroller {
  constructor(host, className, draw) {
    this.host = element('div', `scroller ${className}`, host);
    this.spacer = element('div', 'spacer', this.host);
    this.canvas = element('canvas', '', this.spacer);
    this.canvas.tabIndex = 0;
    this.top = 0;
    this.host.addEventListener('scroll', () => {
      if (this.host.scrollTop !== this.top) draw();
    });
  }
  layOut(count, header = 0) {
    this.header = header;
    const whole = count * kRowHeight + header;
    this.height = Math.min(whole, Math.max(260, Math.round(window.innerHeight * 0.72)));
    this.host.style.height = `${this.height}px`;
    this.spacer.style.height = `${whole}px`;
    this.width = this.host.clientWidth;
    this.top = this.host.scrollTop;
    this.first = Math.floor(this.top / kRowHeight);
    this.last = Math.min(count - 1, Math.floor((this.top + this.height - header) / kRowHeight));
    this.canvas.dataset.top = this.top;
    this.canvas.dataset.header = header;
  }
  y(row) {
    return this.header + (row + 0.5) * kRowHeight - this.top;
  }
  row(y) {
    return y < this.header ? -1 : Math.floor((y - this.header + this.top) / kRowHeight);
  }
  reveal(row) {
    const place = this.host.clientHeight - this.header;
    const above = row * kRowHeight - this.host.scrollTop;
    if (above < 0 || above + kRowHeight > place) {
      this.host.scrollTop = (row + 0.5) * kRowHeight - place / 2;
    }
  }
}
