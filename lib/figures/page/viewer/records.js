// Records as html_page.cpp writes them, read as they come in; a map's weights when it is asked for.

const kDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const digitValues = new Uint8Array(128);
for (let i = 0; i < 64; ++i) digitValues[kDigits.charCodeAt(i)] = i;

const kLargestCode = 4095;
const kCachedWeights = 12e6;

// Decoded maps, the least recently used given up first.
class WeightCache {
  constructor() {
    this.maps = new Map();
    this.weights = 0;
  }
  get(key, make) {
    let map = this.maps.get(key);
    if (map) {
      this.maps.delete(key);
    } else {
      map = make();
      if (!map) return null;
      this.weights += map.length;
    }
    this.maps.set(key, map);
    for (const [oldest, weights] of this.maps) {
      if (this.weights <= kCachedWeights || oldest === key) break;
      this.maps.delete(oldest);
      this.weights -= weights.length;
    }
    return map;
  }
}
const weightCache = new WeightCache();
let setsMade = 0;

class WeightSet {
  constructor(meta, rows, record, settings) {
    Object.assign(this, meta);  // type, layers, heads, columns, largest, outside, ...
    this.key = setsMade++;
    this.rows = rows;
    this.record = record;
    this.decades = settings.code_decades;
    this.headCount = Math.max(1, this.heads.length);
    this.count = this.layers.length * this.headCount;
    this.isBand = this.type === 'conv';
    this.mapSize = rows * (this.columns + (this.outside ? 2 : 0));
    this.firstPiece = record.piecesExpected;
    record.piecesExpected += Math.ceil(this.count / this.maps_per_piece);
    this.thumbnailPiece = this.thumbnail ? record.thumbnailsExpected++ : -1;
  }
  weightsOfCodes() {
    if (!this.table) {
      this.table = new Float32Array(kLargestCode + 1);
      const steps = (kLargestCode - 1) / this.decades;
      for (let code = 1; code <= kLargestCode; ++code) {
        this.table[code] = this.largest * 10 ** ((code - kLargestCode) / steps);
      }
    }
    return this.table;
  }
  // null where the text is not there (yet).
  decode(digits, start, count) {
    if (digits === undefined || digits.length < 2 * (start + count)) return null;
    const table = this.weightsOfCodes();
    const weights = new Float32Array(count);
    for (let i = 0, at = 2 * start; i < count; ++i, at += 2) {
      weights[i] =
          table[digitValues[digits.charCodeAt(at)] << 6 | digitValues[digits.charCodeAt(at + 1)]];
    }
    return weights;
  }
  // [rows, columns], then [rows, {before, behind}] if there is an outside.
  map(index) {
    return weightCache.get(`${this.key}/${index}`, () => {
      const piece = Math.floor(index / this.maps_per_piece);
      return this.decode(
          this.record.pieces[this.firstPiece + piece], index % this.maps_per_piece * this.mapSize,
          this.mapSize);
    });
  }
  pooledMap(index) {
    const [rows, columns] = this.thumbnail;
    return this.decode(
        this.record.thumbnails[this.thumbnailPiece], index * rows * columns, rows * columns);
  }
}

class Record {
  constructor(meta, settings) {
    this.id = meta.id;
    this.pieces = [];  // texts
    this.thumbnails = [];
    this.piecesExpected = 0;
    this.thumbnailsExpected = 0;
    this.models = meta.models.map(
        (model) => ({
          labels: model.labels,
          first: model.first,    // number of the first label's token in the whole text
          length: model.length,  // of that; 0: not known
          continuing: new Set(model.continuing),
          mark: model.mark,
          sets: model.sets.map((set) => new WeightSet(set, model.labels.length, this, settings)),
        }));
  }
}

class Records {
  constructor(host, settings, changed) {
    this.host = host;
    this.settings = settings;
    this.changed = changed;  // is called when records, or parts of one, have come in
    this.list = [];
    this.last = null;
    this.isWhole = false;
    this.observer = new MutationObserver(() => this.read());
    this.observer.observe(host, {childList: true});
    document.addEventListener('DOMContentLoaded', () => {
      this.observer.disconnect();
      this.isWhole = true;
      this.read();
    });
  }
  read() {
    for (;;) {
      const element = this.last ? this.last.nextElementSibling : this.host.firstElementChild;
      // What has nothing behind it may be half there.
      if (!element || (!element.nextSibling && !this.isWhole)) break;
      this.last = element;
      const record = this.list[this.list.length - 1];
      const text = element.firstChild ? element.firstChild.data : '';
      if (element.className === 'record') {
        try {
          this.list.push(new Record(JSON.parse(text), this.settings));
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;  // else: the file is cut off here
        }
      } else if (element.className === 'thumbnails') {
        record.thumbnails.push(text);
      } else if (element.className === 'weights') {
        record.pieces.push(text);
      }
    }
    this.changed();
  }
}
