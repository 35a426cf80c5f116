// The recordings that the server holds: opened files and captures of live streams.
/** @import {RecordingInfo} from "#protocol" */
import { say, SHOWN_MS } from "../parts/notices.js";
import { WorkButton } from "../parts/work_button.js";
import { addressOf } from "../router.js";
import { act, ask, recordings, streams } from "../state.js";
import { counted, formatBytes, formatHz, formatSeconds, formatTime } from "../units.js";
import { computed, html, signal } from "../vendor/ui.js";
import { unsavedOf } from "./draft.js";
import { OpenButton, show, Uploads } from "./opener.js";

const CAPTURED_S = 10;

const running = computed(() => streams.value.filter(({ state }) => state === "running"));

/** Ids of recordings that are being removed. */
const removed = signal(/** @type {Set<string>} */ (new Set()));

export function RecordingList() {
  const known = recordings.value?.recordings.filter(({ recording_id }) => !removed.value.has(recording_id));
  if (!known?.length) return html`<${Empty} />`;
  return html`
    <div class="toolbar">
      <h1>Recordings</h1>
      <${OpenButton} />
      <${CaptureButtons} />
      <span class="quiet">or drop files here</span>
    </div>
    <${Uploads} />
    <section class="panel"><${Table} known=${known} /></section>
  `;
}

/** @param {{known: RecordingInfo[]}} props */
function Table({ known }) {
  return html`
    <table class="recordings">
      <caption class="visually-hidden">Recordings that the server holds</caption>
      <thead>
        <tr>
          <th scope="col">recording</th>
          <th scope="col">begins</th>
          <th scope="col" class="number">length</th>
          <th scope="col" class="number">centre</th>
          <th scope="col" class="number">rate</th>
          <th scope="col">samples</th>
          <th scope="col" class="number">size</th>
          <th scope="col"><span class="visually-hidden">Remove</span></th>
        </tr>
      </thead>
      <tbody>
        ${known.map(
          (recording) => html`
            <tr key=${recording.recording_id}>
              <td>
                <a href=${addressOf("label", recording.recording_id)}>${recording.name}</a>
                ${recording.stream_id && html` <span class="tag">captured</span>`}
                <${UnsavedTag} recordingId=${recording.recording_id} />
                ${
                  recording.warnings.length > 0 &&
                  html` <span class="tag tag-warning" title=${recording.warnings.join("\n")}>
                  ${counted(recording.warnings.length, "warning")}
                </span>`
                }
              </td>
              <td>${formatTime(recording.start_time)}</td>
              <td class="number">${formatSeconds(recording.duration_sec)}</td>
              <td class="number">
                ${
                  recording.center_freqs_hz.length > 1
                    ? counted(recording.center_freqs_hz.length, "tuning")
                    : formatHz(recording.center_freq_hz, 8)
                }
              </td>
              <td class="number">${formatHz(recording.sample_rate_hz, 5)}</td>
              <td>${recording.datatype}</td>
              <td class="number">${formatBytes(recording.size_bytes)}</td>
              <td class="number"><${RemoveButton} recording=${recording} /></td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
}

/** @param {{recordingId: string}} props */
function UnsavedTag({ recordingId }) {
  const unsaved = unsavedOf(recordingId);
  return unsaved > 0 && html` <span class="tag tag-warning">${counted(unsaved, "box", "boxes")} not saved</span>`;
}

/** @param {{recording: RecordingInfo}} props */
function RemoveButton({ recording }) {
  return html`
    <button type="button" class="quiet" aria-label=${`Remove ${recording.name}`} title="Remove from the server" onClick=${() => remove(recording)}>
      ×
    </button>
  `;
}

/** Removes a recording, unless that is undone as long as its notice is shown. @param {RecordingInfo} recording */
function remove({ recording_id, name }) {
  const timer = setTimeout(() => act(() => ask("close_recording", { recording_id })), SHOWN_MS);
  removed.value = new Set([...removed.value, recording_id]);
  say(`${name} is removed from the server. Samples that were labelled in it stay.`, "info", {
    label: "Undo",
    run: () => {
      clearTimeout(timer);
      removed.value = new Set([...removed.value].filter((id) => id !== recording_id));
    },
  });
}

/** Captures the last seconds of a live stream. */
function CaptureButtons() {
  return running.value.map(({ stream_id }) => {
    const capture = async () => {
      const { recording } = await ask("capture_stream", { stream_id, duration_sec: CAPTURED_S });
      show(recording);
    };
    return html`<${WorkButton} key=${stream_id} run=${capture}>Capture the last ${CAPTURED_S} s of ${stream_id}<//>`;
  });
}

function Empty() {
  return html`
    <div class="empty drop-target">
      <h1>Drop a recording here</h1>
      <p>
        SigMF (metadata and data together, or one archive), WAV, NumPy, or raw samples such as
        <code>name_433.92M_250k.cu8</code>. It is sent to the server, and stays there until it is removed.
      </p>
      <p><${OpenButton} /></p>
      <${Uploads} />
      <p class="hint">Then draw a box around each emission of one signal. Five boxes train a first head.</p>
      <p class="hint">
        ${
          running.value.length
            ? html`Or <a href="#live">freeze the live waterfall</a> and draw there: <${CaptureButtons} />`
            : html`No recording at hand? Start a stream in <a href="#live">Live</a>, and freeze its waterfall.`
        }
      </p>
    </div>
  `;
}
