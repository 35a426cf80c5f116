// The part of time and frequency that a picture shows, and its conversion to pixels of the screen.

/**
 * @typedef {object} Extent A rectangle of time and frequency.
 * @property {number} startS
 * @property {number} stopS
 * @property {number} lowHz
 * @property {number} highHz
 */

/**
 * @typedef {object} Size in CSS pixels
 * @property {number} width
 * @property {number} height
 */

/** @param {Extent} extent @param {Size} size @param {number} timeS */
export const xOf = (extent, size, timeS) => ((timeS - extent.startS) / (extent.stopS - extent.startS)) * size.width;

/** @param {Extent} extent @param {Size} size @param {number} hz */
export const yOf = (extent, size, hz) => ((extent.highHz - hz) / (extent.highHz - extent.lowHz)) * size.height;

/** @param {Extent} extent @param {Size} size @param {number} x */
export const timeAt = (extent, size, x) => extent.startS + (x / size.width) * (extent.stopS - extent.startS);

/** @param {Extent} extent @param {Size} size @param {number} y */
export const hzAt = (extent, size, y) => extent.highHz - (y / size.height) * (extent.highHz - extent.lowHz);

/**
 * The extent magnified around one of its points, inside of the whole.
 * @param {Extent} extent
 * @param {Extent} whole
 * @param {{timeS: number, hz: number}} at
 * @param {{time: number, hz: number}} factors below 1: magnify
 * @returns {Extent}
 */
export function zoomed(extent, whole, at, factors) {
  return within(
    {
      startS: at.timeS - (at.timeS - extent.startS) * factors.time,
      stopS: at.timeS + (extent.stopS - at.timeS) * factors.time,
      lowHz: at.hz - (at.hz - extent.lowHz) * factors.hz,
      highHz: at.hz + (extent.highHz - at.hz) * factors.hz,
    },
    whole,
  );
}

/**
 * The extent moved by seconds and Hz, inside of the whole.
 * @param {Extent} extent
 * @param {Extent} whole
 * @param {number} seconds
 * @param {number} hz
 * @returns {Extent}
 */
export function moved(extent, whole, seconds, hz) {
  const { startS, stopS, lowHz, highHz } = extent;
  return within({ startS: startS + seconds, stopS: stopS + seconds, lowHz: lowHz + hz, highHz: highHz + hz }, whole);
}

/**
 * The nearest extent that lies in the whole.
 * @param {Extent} extent
 * @param {Extent} whole
 * @returns {Extent}
 */
function within(extent, whole) {
  const [startS, stopS] = interval(extent.startS, extent.stopS, whole.startS, whole.stopS);
  const [lowHz, highHz] = interval(extent.lowHz, extent.highHz, whole.lowHz, whole.highHz);
  return { startS, stopS, lowHz, highHz };
}

/** @param {number} low @param {number} high @param {number} least @param {number} most */
function interval(low, high, least, most) {
  const length = Math.min(high - low, most - least);
  const start = Math.min(Math.max(low, least), most - length);
  return [start, start + length];
}

/**
 * Round values that divide an axis.
 * @param {number} low
 * @param {number} high
 * @param {number} count about how many
 * @returns {{values: number[], step: number}}
 */
export function ticks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => power * factor >= raw) ?? 10);
  const values = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) values.push(value);
  return { values, step };
}
