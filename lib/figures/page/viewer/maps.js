// From a set's weights to the map that is shown: squares out of bands, words out of tokens.

// Tokens are counted from the first that is shown, which may be one within the text: where one lies
// that has no label. -1: before the whole text, 1: behind it, 0: in it.
function sideOf(model, token) {
  const place = model.first + token;
  return place < 0 ? -1 : model.length > 0 && place >= model.length ? 1 : 0;
}

function nameOf(model, token) {
  if (model.labels[token] !== undefined) return model.labels[token];
  const side = sideOf(model, token);
  return side === 0 ? `token ${model.first + token}` : side < 0 ? 'before' : 'behind';
}

// Column c of a band's row i is token i - floor(columns / 2) + c. What is read from tokens of the
// text that are not shown is in neither result.
function squareOfBand(model, band, rows, columns) {
  const square = new Float32Array(rows * rows);
  const outside = new Float32Array(rows * 2);
  const half = columns >> 1;
  for (let i = 0; i < rows; ++i) {
    for (let c = 0; c < columns; ++c) {
      const weight = band[i * columns + c];
      const j = i - half + c;
      const side = sideOf(model, j);
      if (side !== 0) {
        outside[2 * i + (side < 0 ? 0 : 1)] += weight;
      } else if (j >= 0 && j < rows) {
        square[i * rows + j] = weight;
      }
    }
  }
  return {square, outside};
}

// The number of the word that each token is part of.
function wordsOf(model) {
  let word = -1;
  return model.labels.map((label, i) => i > 0 && model.continuing.has(i) ? word : ++word);
}

// Rows averaged: what a word reads is the mean of what its pieces do. Columns summed, if they are
// tokens: what is read from a word is all that is read from its pieces.
function mergeWords(weights, rows, columns, words, areColumnsTokens) {
  const count = rows > 0 ? words[rows - 1] + 1 : 0;
  const mergedColumns = areColumnsTokens ? count : columns;
  const merged = new Float32Array(count * mergedColumns);
  const pieces = new Float32Array(count);
  for (let i = 0; i < rows; ++i) pieces[words[i]] += 1;
  for (let i = 0; i < rows; ++i) {
    const share = 1 / pieces[words[i]];
    const to = words[i] * mergedColumns;
    const from = i * columns;
    for (let j = 0; j < columns; ++j) {
      merged[to + (areColumnsTokens ? words[j] : j)] += weights[from + j] * share;
    }
  }
  return merged;
}

function mergedLabels(model, words) {
  const labels = [];
  model.labels.forEach((label, i) => {
    if (labels.length === words[i] + 1) {
      labels[words[i]] += model.continuing.has(i) ? label.slice(model.mark.length) : label;
    } else {
      labels.push(label);
    }
  });
  return labels;
}

// As [CLS] and [SEP] are.
function isSpecial(label) {
  return /^\[[A-Z]+\]$/.test(label);
}

// Labels as they are shown: of tokens or words. `tokens` are the tokens of each label.
function labelsOf(model, areWords) {
  if (!model.shownLabels) model.shownLabels = {};
  const key = areWords ? 'words' : 'tokens';
  if (!model.shownLabels[key]) {
    const words = areWords ? wordsOf(model) : model.labels.map((label, i) => i);
    const starts = [];
    words.forEach((word, i) => {
      if (starts.length === word) starts.push(i);
    });
    model.shownLabels[key] = {
      words,
      starts,
      texts: areWords ? mergedLabels(model, words) : model.labels,
      pieces: areWords ? new Set() : model.continuing,
    };
  }
  return model.shownLabels[key];
}

function largestOf(weights) {
  let largest = 0;
  for (let i = 0; i < weights.length; ++i)
    if (weights[i] > largest) largest = weights[i];
  return largest;
}

// {size, labels, square [size, size], outside [size, 2] or null, largest, band (by token) or null},
// or null if its weights are not there.
function shownMap(model, set, index, areWords) {
  const weights = set.map(index);
  if (!weights) return null;
  const rows = set.rows;
  let band = null;
  let square;
  let outside = null;
  if (set.isBand) {
    band = weights;
    ({square, outside} = squareOfBand(model, weights, rows, set.columns));
  } else {
    square = weights.subarray(0, rows * rows);
    if (set.outside) outside = weights.subarray(rows * rows);
  }
  const labels = labelsOf(model, areWords);
  if (areWords) {
    square = mergeWords(square, rows, rows, labels.words, true);
    if (outside) outside = mergeWords(outside, rows, 2, labels.words, false);
  }
  return {
    size: labels.texts.length,
    labels: labels.texts,
    starts: labels.starts,
    pieces: labels.pieces,  // labels that begin with the mark of a word's further piece
    mark: model.mark,
    square,
    outside,
    band,
    largest: Math.max(largestOf(square), band ? largestOf(band) : 0)
  };
}

// Each cell the largest weight of those it stands for.
function pool(weights, rows, columns, side) {
  const toRows = Math.min(rows, side);
  const toColumns = Math.min(columns, side);
  const pooled = new Float32Array(toRows * toColumns);
  for (let i = 0; i < rows; ++i) {
    const to = Math.floor(i * toRows / rows) * toColumns;
    for (let j = 0; j < columns; ++j) {
      const at = to + Math.floor(j * toColumns / columns);
      const weight = weights[i * columns + j];
      if (weight > pooled[at]) pooled[at] = weight;
    }
  }
  return {weights: pooled, rows: toRows, columns: toColumns};
}

const kThumbnailSide = 48;

// What the overview shows of a map: of a band its rows and offsets. null if it is not there yet.
function thumbnailOf(model, set, index, areWords) {
  const mergesWords = areWords && model.continuing.size > 0;
  if (set.thumbnail && !mergesWords) {
    const weights = set.pooledMap(index);
    return weights && {weights, rows: set.thumbnail[0], columns: set.thumbnail[1]};
  }
  if (set.isBand || !mergesWords) {
    const weights = set.map(index);
    return weights && pool(weights, set.rows, set.columns, kThumbnailSide);
  }
  const map = shownMap(model, set, index, true);
  return map && pool(map.square, map.size, map.size, kThumbnailSide);
}

const kSuperscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

// Three digits, as many as the page's codes hold.
function weightText(weight) {
  if (!(weight > 0)) return '0';
  if (weight >= 1e-4) return weight >= 0.1 ? weight.toFixed(3) : weight.toPrecision(3);
  const [digits, exponent] = weight.toExponential(2).split('e-');
  return `${digits} × 10⁻${[...exponent].map((digit) => kSuperscripts[digit]).join('')}`;
}
