// Boxes of tracks above a spectrogram, in the colour of their signal.
/** @import {Track} from "../state.js" */
/** @import {SpectrumView} from "./spectrum.js" */
import { boxColor } from "../colormaps.js";
import { formatShare } from "../units.js";
import { html } from "../vendor/ui.js";
import { xOf, yOf } from "./extent.js";

/**
 * @param {object} props
 * @param {SpectrumView} props.view
 * @param {Track[]} props.tracks
 * @param {string | null} props.chosen key of the track that stands out
 * @param {(track: Track) => void} props.onChoose
 */
export function TrackBoxes({ view, tracks, chosen, onChoose }) {
  const extent = view.extent.value;
  const size = view.size.value;
  return tracks
    .filter(
      ({ time_start_sec, time_end_sec, freq_low_hz, freq_high_hz }) =>
        time_end_sec > extent.startS &&
        time_start_sec < extent.stopS &&
        freq_high_hz > extent.lowHz &&
        freq_low_hz < extent.highHz,
    )
    .map((track) => {
      const x = xOf(extent, size, track.time_start_sec);
      const y = yOf(extent, size, track.freq_high_hz);
      const width = Math.max(3, xOf(extent, size, track.time_end_sec) - x);
      const height = Math.max(3, yOf(extent, size, track.freq_low_hz) - y);
      return html`
        <g
          key=${track.key}
          class=${`box ${track.key === chosen ? "box-chosen" : ""}`}
          style=${{ color: boxColor(track.signal_name) }}
          onClick=${() => onChoose(track)}
        >
          <rect x=${x} y=${y} width=${width} height=${height} rx="1.5" />
          <text x=${x} y=${Math.max(11, y - 4)}>
            ${track.signal_name} ${formatShare(track.score)} <tspan class="track-id">#${track.track_id}</tspan>
          </text>
        </g>
      `;
    });
}
