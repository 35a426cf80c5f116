// Boxes of tracks above a spectrogram, in the colour of their signal.
/** @import {Track} from "../state.js" */
/** @import {SpectrumView} from "./spectrum.js" */
import { boxColor } from "../colormaps.js";
import { formatShare } from "../units.js";
import { html } from "../vendor/ui.js";
import { xOf, yOf } from "./extent.js";

/** Size of a label: the mean width of a character, and the height of a line. */
const CHARACTER_PX = 7.4;
const LINE_PX = 13;

/**
 * @param {object} props
 * @param {SpectrumView} props.view
 * @param {Track[]} props.tracks
 * @param {string | null} props.chosen key of the track that stands out
 * @param {(track: Track) => void} props.onChoose
 */
export function TrackBoxes({ view, tracks, chosen, onChoose }) {
  const boxes = tracks.flatMap((track) => placed(track, view) ?? []);
  const labelled = withRoom(boxes, view, chosen);
  return boxes.map(({ track, x, y, width, height }) => {
    const label = labelled.get(track.key);
    return html`
      <g
        key=${track.key}
        class=${`box ${track.key === chosen ? "box-chosen" : ""}`}
        style=${{ color: boxColor(track.signal_name) }}
        onClick=${() => onChoose(track)}
      >
        <rect x=${x} y=${y} width=${width} height=${height} rx="1.5" />
        ${
          label
            ? html`<text x=${label.x} y=${label.y}>
              ${textOf(track)} <tspan class="track-id">${idOf(track)}</tspan>
            </text>`
            : html`<title>${textOf(track)} ${idOf(track)}</title>`
        }
      </g>
    `;
  });
}

/** @typedef {{track: Track, x: number, y: number, width: number, height: number}} Placed in CSS pixels */

/** @param {Track} track */
const textOf = ({ signal_name, score }) => `${signal_name} ${formatShare(score)}`;
/** @param {Track} track */
const idOf = ({ track_id }) => `#${track_id}`;

/** Where a track lies in the picture, null where it is outside. @param {Track} track @param {SpectrumView} view @returns {Placed | null} */
function placed(track, view) {
  const extent = view.extent.value;
  const size = view.size.value;
  const { time_start_sec, time_end_sec, freq_low_hz, freq_high_hz } = track;
  if (time_end_sec <= extent.startS || time_start_sec >= extent.stopS) return null;
  if (freq_high_hz <= extent.lowHz || freq_low_hz >= extent.highHz) return null;
  const x = xOf(extent, size, time_start_sec);
  const y = yOf(extent, size, freq_high_hz);
  const width = Math.max(3, xOf(extent, size, time_end_sec) - x);
  const height = Math.max(3, yOf(extent, size, freq_low_hz) - y);
  return { track, x, y, width, height };
}

/**
 * Where the labels are that do not hide each other: that of the chosen track, then the earlier ones, so that a label
 * stays while its box passes.
 * @param {Placed[]} boxes
 * @param {SpectrumView} view
 * @param {string | null} chosen
 * @returns {Map<string, {x: number, y: number}>} lower left corners by track
 */
function withRoom(boxes, view, chosen) {
  /** @type {Map<string, {x: number, y: number, width: number}>} */
  const labels = new Map();
  const rank = (/** @type {Placed} */ { track }) => (track.key === chosen ? -1 : track.track_id);
  for (const { track, x, y } of [...boxes].sort((one, other) => rank(one) - rank(other))) {
    const width = CHARACTER_PX * (textOf(track).length + idOf(track).length + 1);
    const label = { x: Math.min(x, view.size.value.width - width), y: Math.max(LINE_PX, y - 4), width };
    const hides = (/** @type {{x: number, y: number, width: number}} */ other) =>
      Math.abs(label.y - other.y) < LINE_PX && label.x < other.x + other.width && other.x < label.x + width;
    if (![...labels.values()].some(hides)) labels.set(track.key, label);
  }
  return labels;
}
