// Boxes in time and frequency: as the protocol has them, as text, and what they have in common.
/** @import {RecordingBox} from "#protocol" */
/** @import {Extent, Size} from "../parts/extent.js" */
import { moved, xOf, yOf } from "../parts/extent.js";
import { formatHz, formatSeconds } from "../units.js";

const SAME = 0.5;
/** Of a box that is brought into the picture: the most that it takes of it, and the least that it has. */
const MOST_SHARE = 0.6;
const LEAST_PIXELS = 16;

/** @param {RecordingBox} box @returns {Extent} */
export const fromWire = ({ time_start_sec, time_end_sec, freq_low_hz, freq_high_hz }) => ({
  startS: time_start_sec,
  stopS: time_end_sec,
  lowHz: freq_low_hz,
  highHz: freq_high_hz,
});

/** @param {Extent} box @returns {RecordingBox} */
export const toWire = ({ startS, stopS, lowHz, highHz }) => ({
  time_start_sec: startS,
  time_end_sec: stopS,
  freq_low_hz: lowHz,
  freq_high_hz: highHz,
});

/** Length and bandwidth, such as `32.1 ms × 24.8 kHz`. @param {Extent} box */
export const sizeText = ({ startS, stopS, lowHz, highHz }) =>
  `${formatSeconds(stopS - startS, 3)} × ${formatHz(highHz - lowHz, 3)}`;

/** Where a box lies. @param {Extent} box */
export const placeText = ({ startS, stopS, lowHz, highHz }) =>
  `${formatSeconds(startS, 6)} to ${formatSeconds(stopS, 6)}, ${formatHz(lowHz, 8)} to ${formatHz(highHz, 8)}`;

/**
 * A box on the screen.
 * @param {Extent} extent
 * @param {Size} size
 * @param {Extent} box
 */
export function rectangle(extent, size, box) {
  const x = xOf(extent, size, box.startS);
  const y = yOf(extent, size, box.highHz);
  return { x, y, width: xOf(extent, size, box.stopS) - x, height: yOf(extent, size, box.lowHz) - y };
}

/** @param {Extent} one @param {Extent} other */
export const overlap = (one, other) =>
  one.startS < other.stopS && one.stopS > other.startS && one.lowHz < other.highHz && one.highHz > other.lowHz;

/** Whether two boxes are about the same: their intersection is at least half of their union. @param {Extent} one @param {Extent} other */
export function same(one, other) {
  if (!overlap(one, other)) return false;
  const seconds = Math.min(one.stopS, other.stopS) - Math.max(one.startS, other.startS);
  const hz = Math.min(one.highHz, other.highHz) - Math.max(one.lowHz, other.lowHz);
  return seconds * hz >= SAME * (area(one) + area(other) - seconds * hz);
}

/** In seconds × Hz. @param {Extent} box */
export const area = ({ startS, stopS, lowHz, highHz }) => (stopS - startS) * (highHz - lowHz);

/** The box cut to what there is, null where nothing is left. @param {Extent} box @param {Extent} whole @returns {Extent | null} */
export function cut(box, whole) {
  const startS = Math.max(box.startS, whole.startS);
  const stopS = Math.min(box.stopS, whole.stopS);
  const lowHz = Math.max(box.lowHz, whole.lowHz);
  const highHz = Math.min(box.highHz, whole.highHz);
  return stopS > startS && highHz > lowHz ? { startS, stopS, lowHz, highHz } : null;
}

/**
 * The extent moved so that it shows a box, and magnified or reduced where that is needed to see its edges.
 * @param {Extent} extent
 * @param {Extent} whole
 * @param {Size} size
 * @param {Extent} box
 * @returns {Extent}
 */
export function showing(extent, whole, size, box) {
  const length = (/** @type {number} */ shown, /** @type {number} */ own, /** @type {number} */ pixels) =>
    Math.min(Math.max(shown, own / MOST_SHARE), (own * pixels) / LEAST_PIXELS);
  const seconds = length(extent.stopS - extent.startS, box.stopS - box.startS, size.width);
  const hz = length(extent.highHz - extent.lowHz, box.highHz - box.lowHz, size.height);
  const isInside =
    box.startS >= extent.startS &&
    box.stopS <= extent.stopS &&
    box.lowHz >= extent.lowHz &&
    box.highHz <= extent.highHz;
  if (isInside && seconds === extent.stopS - extent.startS && hz === extent.highHz - extent.lowHz) return extent;
  const [timeS, middleHz] = [(box.startS + box.stopS) / 2, (box.lowHz + box.highHz) / 2];
  const around = {
    startS: timeS - seconds / 2,
    stopS: timeS + seconds / 2,
    lowHz: middleHz - hz / 2,
    highHz: middleHz + hz / 2,
  };
  return moved(around, whole, 0, 0);
}

/**
 * The box after its edges were moved, inside of the whole. Edges that are moved over the opposite one change places
 * with it.
 * @param {Extent} box
 * @param {Partial<Extent>} edges new places
 * @param {Extent} whole
 * @returns {Extent}
 */
export function resized(box, edges, whole) {
  const { startS, stopS, lowHz, highHz } = { ...box, ...edges };
  const clamp = (/** @type {number} */ value, /** @type {number} */ least, /** @type {number} */ most) =>
    Math.min(Math.max(value, least), most);
  const times = [startS, stopS].map((time) => clamp(time, whole.startS, whole.stopS)).sort((a, b) => a - b);
  const frequencies = [lowHz, highHz].map((hz) => clamp(hz, whole.lowHz, whole.highHz)).sort((a, b) => a - b);
  return { startS: times[0], stopS: times[1], lowHz: frequencies[0], highHz: frequencies[1] };
}
