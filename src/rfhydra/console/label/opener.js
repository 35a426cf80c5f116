// Opens recordings: by drag and drop, by a file dialog, with a form for what a file does not state.
/** @import {RecordingInfo} from "#protocol" */
/** @import {Known, Upload} from "./uploads.js" */
import { say } from "../parts/notices.js";
import { WorkButton } from "../parts/work_button.js";
import { go, route } from "../router.js";
import { formatBytes, parseQuantity } from "../units.js";
import { html, useId, useRef, useSignal } from "../vendor/ui.js";
import { complete, giveUp, send, uploads } from "./uploads.js";

const USUAL_DATATYPES = ["cu8", "ci8", "ci16_le", "cf32_le"];

/** Shows a recording that the server has. @param {RecordingInfo} recording */
export function show({ recording_id, name, warnings }) {
  for (const warning of warnings) say(`${name}: ${warning}`, "warning");
  go("label", recording_id);
}

/** Shows a recording that was sent, unless the operator does something else meanwhile. @param {RecordingInfo} recording */
function onSent(recording) {
  const { view, rest } = route.peek();
  if (view === "label" && rest.length === 0) show(recording);
  else say(`${recording.name} is on the server.`, "good", { label: "Show", run: () => show(recording) });
}

/** A place where files are dropped, around what it shows. @param {{children: unknown}} props */
export function DropZone({ children }) {
  const over = useSignal(false);
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  const onDragOver = (/** @type {DragEvent} */ event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over.value = true;
  };
  const onDragLeave = (/** @type {DragEvent} */ event) => {
    const inside =
      event.relatedTarget instanceof Node && /** @type {Node} */ (event.currentTarget).contains(event.relatedTarget);
    if (!inside) over.value = false;
  };
  const onDrop = (/** @type {DragEvent} */ event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over.value = false;
    send([.../** @type {DataTransfer} */ (event.dataTransfer).files], onSent);
    go("label");
  };
  return html`
    <div class=${`drop-zone ${over.value ? "drop-zone-over" : ""}`} onDragOver=${onDragOver} onDragLeave=${onDragLeave} onDrop=${onDrop}>
      ${children}
    </div>
  `;
}

/** The button that opens the file dialog. */
export function OpenButton() {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const onChange = (/** @type {any} */ event) => {
    send([...event.currentTarget.files], onSent);
    event.currentTarget.value = "";
  };
  return html`
    <input ref=${input} type="file" multiple hidden aria-label="Files of recordings" onChange=${onChange} />
    <button type="button" class="primary" onClick=${() => input.current?.click()}>Open recordings…</button>
  `;
}

/** What is sent, and what the server says of it. */
export function Uploads() {
  if (uploads.value.length === 0) return null;
  return html`
    <ul class="uploads" aria-label="Recordings that are sent">
      ${uploads.value.map(
        (upload) => html`
          <li key=${upload.tag}>
            <div class="upload-head">
              <strong>${upload.name}</strong>
              <span class="quiet">${stateText(upload)}</span>
              <${WorkButton} class="quiet" label=${`Give up ${upload.name}`} run=${() => giveUp(upload)}>×<//>
            </div>
            ${
              (upload.state === "sending" || upload.state === "waiting") &&
              html`<progress aria-label=${`Sent of ${upload.name}`} max=${upload.sizeBytes} value=${upload.sentBytes}></progress>`
            }
            ${upload.error && html`<p class="error-text" role="alert">${upload.error}</p>`}
            ${upload.state === "incomplete" && html`<${Missing} upload=${upload} />`}
          </li>
        `,
      )}
    </ul>
  `;
}

/** @param {Upload} upload */
function stateText({ state, sentBytes, sizeBytes }) {
  if (state === "waiting") return "waits";
  if (state === "sending" && sentBytes === sizeBytes) return "the server reads it";
  if (state === "sending") return `${formatBytes(sentBytes)} of ${formatBytes(sizeBytes)}`;
  return state === "incomplete" ? "the server has it, and needs to know more" : "was not opened";
}

/** Asks for what the files do not state. @param {{upload: Upload}} props */
function Missing({ upload }) {
  const list = useId();
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    /** @type {Known} */
    const known = {};
    for (const name of /** @type {const} */ (["sample_rate_hz", "center_freq_hz"])) {
      const text = String(given.get(name));
      if (!text) continue;
      known[name] = parseQuantity(text);
      if (Number.isNaN(known[name])) {
        say(`“${text}” is not a frequency: write 2.4M, 433.92M or 250k.`, "error");
        return;
      }
    }
    const datatype = String(given.get("datatype"));
    complete(upload, datatype ? { ...known, datatype } : known, onSent);
  };
  return html`
    <form class="inline" onSubmit=${submit}>
      <label>Sample rate <input name="sample_rate_hz" placeholder="2.4M" size="8" spellcheck=${false} /></label>
      <label>Centre <input name="center_freq_hz" placeholder="433.92M" size="10" spellcheck=${false} /></label>
      <label>
        Samples
        <input name="datatype" list=${list} placeholder="cu8" size="8" spellcheck=${false} />
      </label>
      <datalist id=${list}>${USUAL_DATATYPES.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
      <button type="submit" class="primary">Open</button>
    </form>
  `;
}
