// Levels of a spectrogram in memory, and where they lie in time and frequency.
/** @import {Extent} from "./extent.js" */

/**
 * @typedef {object} Grid
 * @property {number} startS time of the left edge of column 0
 * @property {number} secondsPerColumn
 * @property {number} topHz upper edge of row 0
 * @property {number} hzPerRow
 * @property {number} minDb level of the value 0
 * @property {number} maxDb level of the value 255
 */

/** The newest columns of a spectrogram, which have numbers from the first that there ever was. */
export class Levels {
  /**
   * @param {Grid} grid
   * @param {number} rows
   * @param {number} capacity columns that are kept
   */
  constructor(grid, rows, capacity) {
    this.grid = grid;
    this.rows = rows;
    this.capacity = capacity;
    this.first = 0;
    this.next = 0;
    /** The value of pixels that were lost, below 0 where none were. */
    this.blank = -1;
    /** Values in row order; column `c` lies at `c % capacity`. */
    this.data = new Uint8Array(rows * capacity);
  }

  /**
   * Levels of a whole picture.
   * @param {Grid} grid
   * @param {number} rows
   * @param {number} columns
   * @param {Uint8Array} pixels in row order
   */
  static of(grid, rows, columns, pixels) {
    const levels = new Levels(grid, rows, columns);
    levels.append(pixels, columns);
    return levels;
  }

  /** What the kept columns show. @returns {Extent} */
  get extent() {
    const { startS, secondsPerColumn, topHz, hzPerRow } = this.grid;
    return {
      startS: startS + this.first * secondsPerColumn,
      stopS: startS + this.next * secondsPerColumn,
      lowHz: topHz - this.rows * hzPerRow,
      highHz: topHz,
    };
  }

  /**
   * Adds columns behind the last one; the oldest are overwritten.
   * @param {Uint8Array} pixels in row order
   * @param {number} columns
   */
  append(pixels, columns) {
    for (let done = Math.max(0, columns - this.capacity); done < columns;) {
      const at = (this.next + done) % this.capacity;
      const count = Math.min(columns - done, this.capacity - at);
      for (let row = 0; row < this.rows; row++) {
        const from = row * columns + done;
        this.data.set(pixels.subarray(from, from + count), row * this.capacity + at);
      }
      done += count;
    }
    this.#advance(columns);
  }

  /** Leaves columns empty, as many as were lost. @param {number} columns */
  skip(columns) {
    const kept = Math.min(columns, this.capacity);
    this.blank = 0;
    this.#advance(columns - kept);
    if (kept > 0) this.append(new Uint8Array(kept * this.rows), kept);
  }

  /**
   * The columns and rows of an extent, as fractions.
   * @param {Extent} extent
   */
  part(extent) {
    const { startS, secondsPerColumn, topHz, hzPerRow } = this.grid;
    return {
      left: (extent.startS - startS) / secondsPerColumn,
      top: (topHz - extent.highHz) / hzPerRow,
      width: (extent.stopS - extent.startS) / secondsPerColumn,
      height: (extent.highHz - extent.lowHz) / hzPerRow,
    };
  }

  /**
   * The level at a time and frequency.
   * @param {number} timeS
   * @param {number} hz
   * @returns {number | null} in dB, null outside
   */
  db(timeS, hz) {
    const { startS, secondsPerColumn, topHz, hzPerRow } = this.grid;
    const column = Math.floor((timeS - startS) / secondsPerColumn);
    const row = Math.floor((topHz - hz) / hzPerRow);
    if (column < this.first || column >= this.next || row < 0 || row >= this.rows) return null;
    return this.toDb(this.data[row * this.capacity + (column % this.capacity)]);
  }

  /** @param {number} value of a pixel */
  toDb(value) {
    return this.grid.minDb + (value / 255) * (this.grid.maxDb - this.grid.minDb);
  }

  /** @param {number} db */
  fromDb(db) {
    return ((db - this.grid.minDb) / (this.grid.maxDb - this.grid.minDb)) * 255;
  }

  /**
   * Mean and peak of each row over a time.
   * @param {number} startS
   * @param {number} stopS
   * @returns {{mean: Float32Array, peak: Float32Array} | null} in dB, row 0 the highest frequency
   */
  spectrum(startS, stopS) {
    const { grid } = this;
    const from = Math.max(this.first, Math.floor((startS - grid.startS) / grid.secondsPerColumn));
    const to = Math.min(this.next, Math.ceil((stopS - grid.startS) / grid.secondsPerColumn));
    if (to <= from) return null;
    const mean = new Float32Array(this.rows);
    const peak = new Float32Array(this.rows);
    const begin = from % this.capacity;
    const end = begin + to - from;
    for (let row = 0; row < this.rows; row++) {
      const start = row * this.capacity;
      const sums = { sum: 0, most: 0, count: 0 };
      this.#addTo(sums, start + begin, start + Math.min(end, this.capacity));
      this.#addTo(sums, start, start + end - this.capacity);
      mean[row] = this.toDb(sums.sum / Math.max(1, sums.count));
      peak[row] = this.toDb(sums.most);
    }
    return { mean, peak };
  }

  /**
   * Adds neighbouring values of a row, but those that were lost.
   * @param {{sum: number, most: number, count: number}} sums
   * @param {number} from
   * @param {number} to none where it is not above `from`
   */
  #addTo(sums, from, to) {
    const { data, blank } = this;
    let { sum, most, count } = sums;
    for (let at = from; at < to; at++) {
      const value = data[at];
      if (value <= blank) continue;
      sum += value;
      count++;
      if (value > most) most = value;
    }
    sums.sum = sum;
    sums.most = most;
    sums.count = count;
  }

  /**
   * Levels between which most of the kept values lie, for a picture with contrast.
   * @returns {{minDb: number, maxDb: number}}
   */
  autoRange() {
    const counts = new Uint32Array(256);
    const kept = Math.min(this.next - this.first, this.capacity);
    const step = Math.max(1, Math.floor((kept * this.rows) / 65_536));
    let total = 0;
    for (let at = 0; at < kept * this.rows; at += step) {
      const column = (this.first + (at % kept)) % this.capacity;
      const value = this.data[Math.floor(at / kept) * this.capacity + column];
      if (value) {
        counts[value]++;
        total++;
      }
    }
    const low = percentile(counts, total, 0.2);
    const high = percentile(counts, total, 0.9995);
    return { minDb: this.toDb(low) - 1, maxDb: Math.max(this.toDb(high), this.toDb(low) + 12) };
  }

  /** @param {number} columns */
  #advance(columns) {
    this.next += columns;
    this.first = Math.max(this.first, this.next - this.capacity);
  }
}

/** @param {Uint32Array} counts @param {number} total @param {number} share */
function percentile(counts, total, share) {
  let below = 0;
  for (let value = 0; value < counts.length; value++) if ((below += counts[value]) >= share * total) return value;
  return counts.length - 1;
}
