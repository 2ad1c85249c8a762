// The view as a picture of its own, with a caption above and the colours below.

const kPictureMargin = 16;
const kCaptionHeight = 26;
const kLegendHeight = 44;

function drawPicture(panel, makeSurface) {
  const {width, height, drawOn} = panel.view.exported();
  const {theme} = panel.app.colors;
  const caption =
      [panel.name, panel.caption.textContent, panel.app.record().id].filter(Boolean).join(' · ');
  const content = Math.max(width, 240);
  const whole = {
    width: content + 2 * kPictureMargin,
    height: height + kCaptionHeight + kLegendHeight + 2 * kPictureMargin
  };
  const {surface, shift} = makeSurface(whole);
  surface.fill(0, 0, whole.width, whole.height, theme.background);
  surface.text(
      fitText(caption, content, 13, 600), kPictureMargin, kPictureMargin + 6,
      {color: theme.text, size: 13, weight: 600});
  shift(kPictureMargin, kPictureMargin + kCaptionHeight, () => drawOn(surface));
  panel.drawLegendOn(surface, kPictureMargin, kPictureMargin + kCaptionHeight + height + 14, 220);
  return whole;
}

function pngOf(panel) {
  const canvas = document.createElement('canvas');
  const ratio = Math.max(2, window.devicePixelRatio || 1);
  drawPicture(panel, ({width, height}) => {
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    return {
      surface: new CanvasSurface(context),
      shift: (x, y, draw) => {
        context.save();
        context.translate(x, y);
        draw();
        context.restore();
      }
    };
  });
  return new Promise((resolve) => {
    canvas.toBlob(resolve, 'image/png');
  });
}

function svgOf(panel) {
  const surface = new SvgSurface();
  const {width, height} =
      drawPicture(panel, () => ({
                           surface,
                           shift: (x, y, draw) => {
                             surface.parts.push(`<g transform="translate(${x} ${y})">`);
                             draw();
                             surface.parts.push('</g>');
                           }
                         }));
  return surface.file(width, height);
}

function saveFile(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function fileName(panel, format) {
  const parts = [panel.app.record().id, panel.set.type, panel.place()];
  return `${parts.join('-').replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '').slice(0, 80)}.${
      format}`;
}

async function exportView(panel, format, way) {
  if (!panel.map) return;
  const name = format.toUpperCase();
  try {
    if (way === 'save') {
      const blob =
          format === 'png' ? await pngOf(panel) : new Blob([svgOf(panel)], {type: 'image/svg+xml'});
      saveFile(blob, fileName(panel, format));
      panel.tellExport(`${name} saved`);
    } else {
      if (format === 'png') {
        await navigator.clipboard.write([new ClipboardItem({'image/png': pngOf(panel)})]);
      } else {
        await navigator.clipboard.writeText(svgOf(panel));
      }
      panel.tellExport(`${name} copied`);
    }
  } catch (error) {
    // A browser may refuse its clipboard to a file.
    const reason = error.message.replace(/\.$/, '');
    panel.tellExport(`The browser does not let a page copy ${name}: ${reason}. Saving works.`);
  }
}
