// What views draw on: a canvas, or an SVG file with the same shapes.

const kFont = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

function fontOf(size, weight = 400) {
  return `${weight} ${size}px ${kFont}`;
}

const rulerContext = document.createElement('canvas').getContext('2d');

function textWidth(text, size, weight) {
  rulerContext.font = fontOf(size, weight);
  return rulerContext.measureText(text).width;
}

// Of labels, the width of the longest, if they stand out.
function widestOf(labels) {
  const width = (label) => textWidth(label.slice(0, kMostCharacters), 12, 600);
  return labels.reduce((widest, label) => Math.max(widest, width(label)), 0);
}

const kMostCharacters = 300;

const segmenter = window.Intl && Intl.Segmenter ? new Intl.Segmenter() : null;

// The text, or as much of it as there is room for.
function fitText(text, width, size, weight) {
  if (text.length <= kMostCharacters && textWidth(text, size, weight) <= width) return text;
  const start = text.slice(0, kMostCharacters);  // what may be a whole book is not measured
  const parts =
      segmenter ? Array.from(segmenter.segment(start), (part) => part.segment) : [...start];
  const shortened = (count) => parts.slice(0, count).join('') + '…';
  let fits = 0;
  let tooLong = parts.length + 1;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (textWidth(shortened(middle), size, weight) <= width) {
      fits = middle;
    } else {
      tooLong = middle;
    }
  }
  return shortened(Math.max(1, fits));
}

const kHatchStep = 4;
const kHatchWidth = 0.7;

// Slanting lines over a box, x + y = c, the same over the whole picture: [x1, y1, x2, y2] of each.
function hatching(x, y, width, height) {
  const lines = [];
  const first = Math.ceil((x + y) / kHatchStep) * kHatchStep;
  for (let c = first; c < x + y + width + height; c += kHatchStep) {
    const left = Math.max(x, c - y - height);
    const right = Math.min(x + width, c - y);
    lines.push([left, c - left, right, c - right]);
  }
  return lines;
}

class CanvasSurface {
  constructor(context) {
    this.context = context;
  }
  fill(x, y, width, height, color, alpha = 1) {
    this.context.globalAlpha = alpha;
    this.context.fillStyle = color;
    this.context.fillRect(x, y, width, height);
    this.context.globalAlpha = 1;
  }
  frame(x, y, width, height, color, lineWidth = 1) {
    this.context.strokeStyle = color;
    this.context.lineWidth = lineWidth;
    this.context.strokeRect(x, y, width, height);
  }
  // y is the middle of the line. `angle` turns it about (x, y), in degrees.
  text(text, x, y, {color, size = 12, weight = 400, align = 'left', angle = 0}) {
    const context = this.context;
    context.font = fontOf(size, weight);
    context.fillStyle = color;
    context.textAlign = align;
    context.textBaseline = 'middle';
    if (angle === 0) {
      context.fillText(text, x, y);
      return;
    }
    context.save();
    context.translate(x, y);
    context.rotate(angle * Math.PI / 180);
    context.fillText(text, 0, 0);
    context.restore();
  }
  hatch(x, y, width, height, color) {
    const context = this.context;
    context.strokeStyle = color;
    context.lineWidth = kHatchWidth;
    context.beginPath();
    for (const [x1, y1, x2, y2] of hatching(x, y, width, height)) {
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    context.stroke();
  }
  // [x1, y1, x2, y2] of each; level at both ends.
  curves(ends, color, lineWidth, alpha) {
    const context = this.context;
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.lineWidth = lineWidth;
    context.beginPath();
    for (const [x1, y1, x2, y2] of ends) {
      const middle = (x1 + x2) / 2;
      context.moveTo(x1, y1);
      context.bezierCurveTo(middle, y1, middle, y2, x2, y2);
    }
    context.stroke();
    context.globalAlpha = 1;
  }
  // The part of the image from (sx, sy), sw by sh.
  image(image, sx, sy, sw, sh, x, y, width, height, isSmooth) {
    this.context.imageSmoothingEnabled = isSmooth;
    this.context.imageSmoothingQuality = 'high';
    this.context.drawImage(image, sx, sy, sw, sh, x, y, width, height);
  }
}

function xmlEscaped(text) {
  // XML has no control characters.
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"]/g, (c) => ({'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'})[c]);
}

class SvgSurface {
  constructor() {
    this.parts = [];
  }
  fill(x, y, width, height, color, alpha = 1) {
    this.parts.push(
        `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" ` +
        `height="${round(height)}" fill="${color}"${opacity(alpha)}/>`);
  }
  frame(x, y, width, height, color, lineWidth = 1) {
    this.parts.push(
        `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="` +
        `${round(height)}" fill="none" stroke="${color}" stroke-width="${lineWidth}"/>`);
  }
  text(text, x, y, {color, size = 12, weight = 400, align = 'left', angle = 0}) {
    const anchor = {left: 'start', right: 'end', center: 'middle'}[align];
    const turn = angle ? ` transform="rotate(${angle} ${round(x)} ${round(y)})"` : '';
    this.parts.push(
        `<text x="${round(x)}" y="${round(y)}" font-size="${round(size)}" font-weight=` +
        `"${weight}" text-anchor="${anchor}" dominant-baseline="central" ` +
        `fill="${color}"${turn}>${xmlEscaped(text)}</text>`);
  }
  hatch(x, y, width, height, color) {
    const path = hatching(x, y, width, height)
                     .map((ends) => ends.map(round))
                     .map(([x1, y1, x2, y2]) => `M${x1} ${y1}L${x2} ${y2}`)
                     .join('');
    this.parts.push(
        `<path d="${path}" fill="none" stroke="${color}" stroke-width="${kHatchWidth}"/>`);
  }
  curves(ends, color, lineWidth, alpha) {
    const path =
        ends.map(([x1, y1, x2, y2]) => {
              const middle = round((x1 + x2) / 2);
              return `M${round(x1)} ${round(y1)}C${middle} ${round(y1)} ${middle} ${round(y2)} ` +
                  `${round(x2)} ${round(y2)}`;
            })
            .join('');
    this.parts.push(
        `<path d="${path}" fill="none" stroke="${color}" stroke-width=` +
        `"${round(lineWidth)}"${opacity(alpha)}/>`);
  }
  image(image, sx, sy, sw, sh, x, y, width, height, isSmooth) {
    const part = document.createElement('canvas');
    part.width = Math.max(1, Math.round(sw));
    part.height = Math.max(1, Math.round(sh));
    part.getContext('2d').drawImage(image, sx, sy, sw, sh, 0, 0, part.width, part.height);
    this.parts.push(
        `<image x="${round(x)}" y="${round(y)}" width="${round(width)}" height="` +
        `${round(height)}" preserveAspectRatio="none" ` +
        `style="image-rendering:${isSmooth ? 'auto' : 'pixelated'}" ` +
        `href="${part.toDataURL('image/png')}"/>`);
  }
  file(width, height) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="` +
        `${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}" font-family=` +
        `"${xmlEscaped(kFont)}">\n${this.parts.join('\n')}\n</svg>\n`;
  }
}

function round(x) {
  return Math.round(x * 100) / 100;
}
function opacity(alpha) {
  return alpha < 1 ? ` opacity="${round(alpha)}"` : '';
}

// Gives the canvas that size in CSS pixels, and returns a context in them.
function sizedContext(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const pixelWidth = Math.max(1, Math.round(width * ratio));
  const pixelHeight = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth;
    canvas.height = pixelHeight;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function element(name, className, parent) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (parent) parent.append(made);
  return made;
}
