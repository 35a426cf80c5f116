// Quantities in words, as the operator reads and types them.

const SI = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
];

/**
 * A frequency or bandwidth, such as `433.920 MHz`.
 * @param {number} hz
 * @param {number} [digits] significant digits
 */
export function formatHz(hz, digits = 6) {
  const { scale, prefix } = unitOf(hz);
  return `${rounded(hz / scale, digits)} ${prefix}Hz`;
}

/**
 * A frequency with the decimals that its neighbours have, for axes and columns: `433.900 MHz` in steps of 1 kHz.
 * @param {number} hz
 * @param {number} stepHz the least difference that shows
 */
export function alignedHz(hz, stepHz) {
  const { scale, prefix } = unitOf(hz);
  return `${(hz / scale).toFixed(Math.max(0, Math.ceil(Math.log10(scale / stepHz) - 1e-9)))} ${prefix}Hz`;
}

/** @param {number} hz */
function unitOf(hz) {
  const [scale, prefix] = SI.find(([least]) => Math.abs(hz) >= /** @type {number} */ (least)) ?? [1, ""];
  return { scale: Number(scale), prefix };
}

/**
 * A duration, such as `32.1 ms`.
 * @param {number} seconds
 * @param {number} [digits] significant digits
 */
export function formatSeconds(seconds, digits = 3) {
  const size = Math.abs(seconds);
  if (size >= 120) return formatClock(seconds);
  if (size >= 1 || size === 0) return `${rounded(seconds, digits)} s`;
  if (size >= 1e-3) return `${rounded(seconds * 1e3, digits)} ms`;
  return `${rounded(seconds * 1e6, digits)} µs`;
}

/** A short duration with zeros behind it, for columns: `50.0 ms`. @param {number} seconds below 100 s */
export function alignedSeconds(seconds) {
  const [scale, unit] = Math.abs(seconds) >= 1 ? [1, "s"] : [1e3, "ms"];
  return `${(seconds * scale).toFixed(scale === 1 ? 2 : 1)} ${unit}`;
}

/** A long duration, such as `1:02:03`. @param {number} seconds */
export function formatClock(seconds) {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const used = parts[0] ? parts : parts.slice(1);
  return used.map((part, place) => (place ? String(part).padStart(2, "0") : String(part))).join(":");
}

/**
 * A level, such as `−72.4 dB`.
 * @param {number | null | undefined} db
 * @param {number} [decimals]
 */
export const formatDb = (db, decimals = 1) => (db == null ? "–" : `${db.toFixed(decimals).replace("-", "−")} dB`);

/** A share or score, such as `0.97`. @param {number | null | undefined} share */
export const formatShare = (share) => (share == null ? "–" : share.toFixed(2));

/** A time in UTC: that of today, or the date and the minute. @param {string | null | undefined} iso */
export function formatTime(iso) {
  if (!iso) return "–";
  const [day, time] = new Date(iso).toISOString().split("T");
  const today = new Date().toISOString().slice(0, day.length);
  return day === today ? `${time.slice(0, 8)}Z` : `${day} ${time.slice(0, 5)}Z`;
}

/** Bytes, such as `3.2 MB`. @param {number} bytes */
export function formatBytes(bytes) {
  const [scale, prefix] = SI.find(([least]) => bytes >= /** @type {number} */ (least)) ?? [1, ""];
  return `${rounded(bytes / Number(scale), 3)} ${prefix}B`;
}

/**
 * Reads a quantity such as `433.92M`, `250 kHz` or `30ms`.
 * @param {string} text
 * @returns {number} in Hz or seconds, NaN where it is none
 */
export function parseQuantity(text) {
  const match = /^\s*(-?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)\s*([GMkmµu]?)(?:hz|s|b)?\s*$/i.exec(text);
  if (!match) return NaN;
  const scales = { G: 1e9, M: 1e6, k: 1e3, K: 1e3, m: 1e-3, µ: 1e-6, u: 1e-6, g: 1e9, "": 1 };
  return Number(match[1].replace(",", ".")) * scales[/** @type {keyof typeof scales} */ (match[2])];
}

/** @param {number} count @param {string} noun @param {string} [plural] */
export const counted = (count, noun, plural = `${noun}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? noun : plural}`;

/** A number without an exponent and without zeros behind it. @param {number} value @param {number} digits significant digits */
const rounded = (value, digits) => String(Number(value.toPrecision(digits)));
