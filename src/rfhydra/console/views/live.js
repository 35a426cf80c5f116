// Live: the waterfall of a stream with the tracks of the loaded heads.
/** @import {Track} from "../state.js" */
import { COLOR_MAPS } from "../colormaps.js";
import { readWaterfall } from "../frames.js";
import { LiveLevels, WATERFALL } from "../parts/live_levels.js";
import { say } from "../parts/notices.js";
import { Psd } from "../parts/psd.js";
import { RangeControls } from "../parts/range_controls.js";
import { SourcePicker } from "../parts/source_picker.js";
import { makeView, Spectrum, ZoomButtons } from "../parts/spectrum.js";
import { TrackBoxes } from "../parts/track_boxes.js";
import { SignalActivity, TrackTable } from "../parts/track_table.js";
import { UnknownList } from "../parts/unknown_list.js";
import { go } from "../router.js";
import { setting } from "../settings.js";
import { act, ask, connection, droppedTracks, streams, tracks, whileShown } from "../state.js";
import { counted, formatSeconds } from "../units.js";
import { batch, computed, html, signal, useEffect } from "../vendor/ui.js";

const KEPT_S = 60;
const SHOWN_S = 10;
/** After how many columns the levels of the colours are chosen again. */
const COLUMNS_PER_RANGE = 64;
/** How often the activity of the last minute moves on: by a pixel or so. */
const ACTIVITY_STEP_S = 0.5;
const FFT_SIZES = [256, 512, 1024, 2048, 4096];

const fftSize = setting("fft-size", 1024);
const columnsPerSec = setting("columns-per-sec", 100);
const chosenStream = signal(/** @type {string | null} */ (null));
const chosenTrack = signal(/** @type {string | null} */ (null));
const following = signal(true);
const autoRange = signal(true);
const view = makeView();
view.onPan = () => (following.value = false);

// The levels outlive the view: what was received is still there when the operator comes back.
let live = new LiveLevels(KEPT_S);
let nextRange = 0;

/** The shown stream: the chosen one, or the first. */
const streamId = computed(() => {
  const ids = streams.value.map(({ stream_id }) => stream_id);
  return chosenStream.value && ids.includes(chosenStream.value) ? chosenStream.value : (ids[0] ?? null);
});
const stream = computed(() => streams.value.find(({ stream_id }) => stream_id === streamId.value) ?? null);
const activityS = computed(() => Math.ceil(view.whole.value.stopS / ACTIVITY_STEP_S) * ACTIVITY_STEP_S);
const streamTracks = computed(() => [...tracks.value.values()].filter(({ stream_id }) => stream_id === streamId.value));

export function Live() {
  const id = streamId.value;
  useEffect(() => (id ? watchWaterfall(id) : undefined), [id, fftSize.value, columnsPerSec.value]);
  useEffect(() => {
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return html`
    <div class="live">
      <${SourcePicker} streamId=${id} onShow=${(/** @type {string} */ shown) => (chosenStream.value = shown)} />
      ${id ? html`<${Waterfall} />` : html`<${NoStream} />`}
    </div>
  `;
}

/** Shows a stream's waterfall until it is called. @param {string} shown */
function watchWaterfall(shown) {
  live = new LiveLevels(KEPT_S);
  const endFrames = connection.onFrame((buffer) => {
    const frame = readWaterfall(buffer);
    if (frame?.streamId === shown) onFrame(frame);
  });
  const endTopic = whileShown("waterfall", async () => {
    const settings = { ...WATERFALL, fft_size: fftSize.peek(), columns_per_sec: columnsPerSec.peek() };
    await ask("set_waterfall", { ...settings, stream_id: shown });
  });
  return () => {
    endFrames();
    endTopic();
  };
}

/** Whether the picture begins anew with what was received since it was last brought up to date, null where nothing was. */
let news = /** @type {{begins: boolean} | null} */ (null);

/**
 * Keeps what is received at once, and shows it once in each animation frame, however many come between two.
 * @param {import("../frames.js").WaterfallFrame} frame
 */
function onFrame(frame) {
  const begins = live.add(frame);
  if (news) news.begins ||= begins;
  else {
    news = { begins };
    requestAnimationFrame(() => batch(showNews));
  }
}

function showNews() {
  const begins = news?.begins ?? false;
  news = null;
  const { levels } = live;
  if (!levels) return; // another stream was chosen meanwhile
  const { extent } = levels;
  view.whole.value = { ...extent, startS: Math.min(extent.startS, extent.stopS - SHOWN_S) };
  if (begins) view.extent.value = { ...extent, startS: extent.stopS - SHOWN_S };
  else if (following.value) {
    const { startS, stopS, lowHz, highHz } = view.extent.value;
    view.extent.value = { startS: extent.stopS - (stopS - startS), stopS: extent.stopS, lowHz, highHz };
  }
  if (autoRange.value && (begins || levels.next >= nextRange)) {
    view.range.value = levels.autoRange();
    nextRange = levels.next + COLUMNS_PER_RANGE;
  }
  view.levels.value = { levels };
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const typing = event.target instanceof HTMLElement && event.target.matches("input, select, textarea, button");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " ") {
    event.preventDefault();
    following.value = !following.value;
  } else if (event.key === "l") label();
}

/** Captures what is shown, and opens it for labelling. */
function label() {
  const { startS, stopS } = view.extent.peek();
  act(async () => {
    const { recording } = await ask("capture_stream", {
      stream_id: /** @type {string} */ (streamId.peek()),
      time_start_sec: Math.max(0, startS),
      time_end_sec: stopS,
    });
    go("label", recording.recording_id);
  });
}

/** Brings a track into the picture. @param {Track} track */
function choose(track) {
  chosenTrack.value = track.key;
  const { startS, stopS, lowHz, highHz } = view.extent.value;
  if (track.time_start_sec < startS || track.time_end_sec > stopS) {
    const half = (stopS - startS) / 2;
    const { startS: first, stopS: last } = view.whole.value;
    if (track.time_end_sec < first) {
      say("This track is older than the waterfall that is kept.");
      return;
    }
    following.value = false;
    const middle = Math.min(last - half, Math.max(first + half, (track.time_start_sec + track.time_end_sec) / 2));
    view.extent.value = { startS: middle - half, stopS: middle + half, lowHz, highHz };
  }
}

function Waterfall() {
  return html`
    <div class="toolbar" role="group" aria-label="Picture">
      <button
        type="button"
        aria-pressed=${!following.value}
        title="Pause, to look and scroll back (space)"
        onClick=${() => (following.value = !following.value)}
      >
        ${following.value ? "Pause" : "Go on"}
      </button>
      <button type="button" class="primary" title="Draw boxes on what is shown (l)" onClick=${label}>Freeze and label</button>
      <${ZoomButtons} view=${view} />
      <${RangeControls} view=${view} auto=${autoRange} />
      <label>
        Colours
        <select
          value=${view.colorMap}
          onChange=${(/** @type {any} */ event) => (view.colorMap.value = event.currentTarget.value)}
        >
          ${COLOR_MAPS.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
        </select>
      </label>
      <label>
        FFT
        <select value=${fftSize} onChange=${(/** @type {any} */ event) => (fftSize.value = Number(event.currentTarget.value))}>
          ${FFT_SIZES.map((size) => html`<option key=${size} value=${size}>${size}</option>`)}
        </select>
      </label>
      <${Health} />
    </div>
    <div class="spectrum-with-psd">
      <${Picture} />
      <${Psd} view=${view} />
    </div>
    <div class="panels">
      <section class="panel">
        <${Activity} />
        ${
          Object.keys(stream.value?.heads ?? {}).length === 0 &&
          html`<p class="hint">
          No head is loaded, so nothing is recognised yet. <a href="#mission">Load heads</a>, or freeze the waterfall and
          box an unknown emission to train one.
        </p>`
        }
        <${UnknownList} />
      </section>
      <section class="panel">
        <${Newest} />
      </section>
    </div>
  `;
}

// Each of these is drawn again only when what it reads has changed: the picture in each frame, the table with each track.
function Picture() {
  return html`
    <${Spectrum} view=${view} label=${`Waterfall of ${streamId.value}`} zeroS=${view.whole.value.stopS} timeText=${ago}>
      <${TrackBoxes} view=${view} tracks=${streamTracks.value} chosen=${chosenTrack.value} onChoose=${choose} />
    <//>
  `;
}

const Activity = () => html`<${SignalActivity} tracks=${streamTracks.value} nowS=${activityS.value} />`;

const Newest = () =>
  html`<${TrackTable} tracks=${streamTracks.value} chosen=${chosenTrack.value} onChoose=${choose} />`;

/** Time before the newest column. @param {number} seconds below 0 */
const ago = (seconds) => (seconds > -1e-6 ? "now" : `−${formatSeconds(-seconds, 3)}`);

function Health() {
  const status = stream.value;
  if (!status) return null;
  const { state, error, lost_samples, dropped_samples, real_time_factor, sample_rate_hz } = status;
  const inSeconds = (/** @type {number} */ samples) => formatSeconds(samples / (sample_rate_hz || 1));
  return html`
    <span class="health">
      ${state !== "running" && html`<span class="tag tag-warning">${state}${error ? `: ${error}` : ""}</span>`}
      ${lost_samples > 0 && html`<span class="tag tag-warning">${inSeconds(lost_samples)} lost by the source</span>`}
      ${
        dropped_samples > 0 &&
        html`<span class="tag tag-warning">${inSeconds(dropped_samples)} not looked at: detection is too slow</span>`
      }
      ${droppedTracks.value > 0 && html`<span class="tag tag-warning">${counted(droppedTracks.value, "event")} missed here</span>`}
      ${
        real_time_factor != null &&
        html`<span class="quiet" title="Seconds of signal that are processed in one second">
        ${real_time_factor.toFixed(real_time_factor < 10 ? 1 : 0)} × real time
      </span>`
      }
    </span>
  `;
}

function NoStream() {
  return html`
    <div class="empty">
      <h1>No live stream</h1>
      <p>
        Start one of the sources above. A server gets sources with
        <code>rfhydra serve DIR --source NAME=ADDRESS</code>, where an address is a recording, an rtl_tcp server, a SoapySDR
        device, a GNU Radio ZMQ sink or a VITA-49 stream.
      </p>
      <p>No receiver at hand? <a href="#label">Open a recording</a>, or run <code>rfhydra demo</code>.</p>
    </div>
  `;
}
