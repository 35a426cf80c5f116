// The signals that a stream carries, with their activity, and the newest of their tracks.
/** @import {Track} from "../state.js" */
import { boxColor } from "../colormaps.js";
import { alignedHz, alignedSeconds, formatDb, formatSeconds, formatShare, formatTime } from "../units.js";
import { html } from "../vendor/ui.js";
import { Sparkline } from "./sparkline.js";

const ACTIVITY_S = 60;
const MOST_ROWS = 100;
const STEP_HZ = 100;

/**
 * @param {object} props
 * @param {Track[]} props.tracks of one stream, the newest last
 * @param {number} props.nowS newest time of the stream
 */
export function SignalActivity({ tracks, nowS }) {
  const bySignal = Map.groupBy(tracks, ({ signal_name }) => signal_name);
  return html`
    <table class="activity">
      <caption>Signals of the last minute</caption>
      <thead>
        <tr>
          <th scope="col">signal</th>
          <th scope="col" class="number">tracks</th>
          <th scope="col" class="number">every</th>
          <th scope="col" class="number">duty</th>
          <th scope="col">activity</th>
        </tr>
      </thead>
      <tbody>
        ${[...bySignal].map(([name, own]) => {
          const newest = own[own.length - 1];
          const spans = own.map(({ time_start_sec, time_end_sec }) => ({
            startS: time_start_sec,
            stopS: time_end_sec,
          }));
          return html`
            <tr key=${name}>
              <th scope="row"><span class="swatch" style=${{ background: boxColor(name) }}></span>${name}</th>
              <td class="number">${own.length}</td>
              <td class="number">${newest.repetition_sec == null ? "–" : formatSeconds(newest.repetition_sec)}</td>
              <td class="number">${newest.duty_cycle == null ? "–" : `${(100 * newest.duty_cycle).toFixed(1)} %`}</td>
              <td>
                <${Sparkline} spans=${spans} startS=${nowS - ACTIVITY_S} stopS=${nowS} color=${boxColor(name)} />
              </td>
            </tr>
          `;
        })}
      </tbody>
    </table>
  `;
}

/**
 * @param {object} props
 * @param {Track[]} props.tracks of one stream, the newest last
 * @param {string | null} props.chosen key of the track that stands out
 * @param {(track: Track) => void} props.onChoose
 */
export function TrackTable({ tracks, chosen, onChoose }) {
  return html`
    <table class="tracks">
      <caption>Newest tracks</caption>
      <thead>
        <tr>
          <th scope="col">time</th>
          <th scope="col">signal</th>
          <th scope="col" class="number">score</th>
          <th scope="col" class="number">centre</th>
          <th scope="col" class="number">width</th>
          <th scope="col" class="number">length</th>
          <th scope="col" class="number">SNR</th>
        </tr>
      </thead>
      <tbody>
        ${tracks
          .slice(-MOST_ROWS)
          .reverse()
          .map(
            (track) => html`
              <tr key=${track.key} class=${track.key === chosen ? "chosen" : ""} onClick=${() => onChoose(track)}>
                <td>${formatTime(track.start_time)}</td>
                <td>
                  <button type="button" class="link" onClick=${() => onChoose(track)}>
                    <span class="swatch" style=${{ background: boxColor(track.signal_name) }}></span>
                    ${track.signal_name} <span class="quiet">#${track.track_id}</span>
                  </button>
                </td>
                <td class="number">${formatShare(track.score)}</td>
                <td class="number">${alignedHz((track.freq_low_hz + track.freq_high_hz) / 2, STEP_HZ)}</td>
                <td class="number">${alignedHz(track.freq_high_hz - track.freq_low_hz, STEP_HZ)}</td>
                <td class="number">${alignedSeconds(track.time_end_sec - track.time_start_sec)}</td>
                <td class="number">${track.measured ? formatDb(track.measured.snr_db) : "–"}</td>
              </tr>
            `,
          )}
      </tbody>
    </table>
  `;
}
