// The themes' colours, as C++ wrote them into the settings, and where a weight lies on a scale.

class Colors {
  constructor(settings) {
    this.themes = {};
    for (const [name, theme] of Object.entries(settings.themes)) {
      const pixels = new Uint32Array(256);  // as ImageData's bytes, on a little-endian machine
      const css = [];
      const inks = [];  // of text on the colour
      for (let i = 0; i < 256; ++i) {
        const hex = theme.table.slice(6 * i, 6 * i + 6);
        const [red, green, blue] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
        pixels[i] = (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
        css.push('#' + hex);
        inks.push('#' + theme.inks.slice(6 * i, 6 * i + 6));
      }
      this.themes[name] = {
        ...theme,
        name,
        pixels,
        css,
        inks,
        accent: css[name === 'light' ? 172 : 176],
        mark: name === 'light' ? '#c2410c' : '#7dd3fc',  // what was searched for
      };
    }
    this.decades = settings.decades;
  }
  use(name) {
    this.theme = this.themes[name];
    document.documentElement.dataset.theme = name;
    const style = document.documentElement.style;
    for (const key of ['background', 'text', 'faint_text', 'line', 'accent', 'mark']) {
      style.setProperty('--' + key.replace('_', '-'), this.theme[key]);
    }
    style.colorScheme = name;
  }
  // As place_on_scale() of color.h, from 0 to 255.
  step(weight, largest, scale) {
    if (!(weight > 0) || !(largest > 0)) return 0;
    const share = weight / largest;
    const place = scale === 'linear' ? share : 1 + Math.log10(share) / this.decades;
    return Math.round(255 * Math.min(1, Math.max(0, place)));
  }
  steps(weights, largest, scale) {
    const steps = new Uint8Array(weights.length);
    if (scale === 'linear' || weights.length < 10000) {
      for (let i = 0; i < steps.length; ++i) steps[i] = this.step(weights[i], largest, scale);
      return steps;
    }
    // A logarithm for each weight would be slow. One for each exponent and the seven bits
    // behind it that a float can have is within a tenth of a step.
    const key = `${largest}`;
    if (this.logarithms?.key !== key) {
      const starts =
          new Float32Array(new Uint32Array(1 << 15).map((_, i) => i << 16 | 1 << 15).buffer);
      this.logarithms = {
        key,
        steps: Uint8Array.from(starts, (weight) => this.step(weight, largest, scale))
      };
    }
    const bits = new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
    const table = this.logarithms.steps;
    for (let i = 0; i < steps.length; ++i) steps[i] = table[bits[i] >>> 16];
    return steps;
  }
  of(weight, largest, scale) {
    return this.theme.css[this.step(weight, largest, scale)];
  }
  // A canvas of one pixel a weight.
  paint(weights, rows, columns, largest, scale, canvas = document.createElement('canvas')) {
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext('2d');
    const image = context.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    const table = this.theme.pixels;
    const steps = this.steps(weights, largest, scale);
    for (let i = 0; i < pixels.length; ++i) pixels[i] = table[steps[i]];
    context.putImageData(image, 0, 0);
    return canvas;
  }
}
