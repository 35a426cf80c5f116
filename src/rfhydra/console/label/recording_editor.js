// One recording: its spectrogram, the tools above it, and what its boxes come to.
/** @import {RecordingInfo} from "#protocol" */
import { COLOR_MAPS } from "../colormaps.js";
import { RangeControls } from "../parts/range_controls.js";
import { Spectrum, ZoomButtons } from "../parts/spectrum.js";
import { WorkButton } from "../parts/work_button.js";
import { act, connection, sampleCounts } from "../state.js";
import { counted, formatDb, formatHz, formatSeconds, formatTime } from "../units.js";
import { html, signal, useEffect, useMemo, useRef, useSignal } from "../vendor/ui.js";
import { BoxLayer } from "./box_layer.js";
import { BoxList } from "./box_list.js";
import { ContractAdvice } from "./contract_advice.js";
import { KEYS, listen } from "./keys.js";
import { Labelling, snapping } from "./labelling.js";
import { NameField } from "./name_field.js";
import { RecordingPicture } from "./recording_picture.js";
import { SavedBoxes } from "./saved_boxes.js";
import { SignalCounter } from "./signal_counter.js";

/** The last one that was shown: what can be undone, and the shown part, are still there when the operator comes back. */
let last = /** @type {Labelling | null} */ (null);
const autoRange = signal(true);

/** @param {{recording: RecordingInfo}} props */
export function RecordingEditor({ recording }) {
  const labelling = useMemo(() => {
    if (last?.id !== recording.recording_id) last = new Labelling(recording);
    return last;
  }, [recording.recording_id]);
  const tuningHz = useSignal(/** @type {number | null} */ (null));
  const drawing = useSignal(true);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const picture = useMemo(() => pictureOf(labelling, tuningHz.value), [labelling, tuningHz.value]);
  labelling.onNameless = () => input.current?.focus();
  useEffect(() => picture.start(), [picture]);
  useEffect(() => listen(labelling), [labelling]);
  useEffect(() => {
    if (connection.state.value !== "open") return;
    act(() => labelling.readKnown());
    if (picture.error.peek()) act(() => picture.retry());
  }, [labelling, connection.state.value, sampleCounts.value]);
  return html`
    <div class="label-view">
      <${Heading} labelling=${labelling} tuningHz=${tuningHz} />
      <div class="label-tools">
        <${DrawingTools} labelling=${labelling} drawing=${drawing} input=${input} />
        <${SuggestionTools} labelling=${labelling} />
      </div>
      <div class="label-columns">
        <div class="label-picture">
          <${Spectrum}
            view=${labelling.view}
            label=${`Spectrogram of ${recording.name}`}
            clockText=${clockOf(recording)}
            tool=${drawing.value ? labelling.tool : null}
          >
            <${BoxLayer} labelling=${labelling} />
          <//>
          <${PictureState} picture=${picture} />
          <${Keys} />
        </div>
        <div class="label-panels">
          <${BoxList} labelling=${labelling} />
          <${SignalCounter} labelling=${labelling} />
          <${SavedBoxes} labelling=${labelling} />
          <${ContractAdvice} labelling=${labelling} />
        </div>
      </div>
    </div>
  `;
}

/** @param {Labelling} labelling @param {number | null} tuningHz */
function pictureOf({ recording, view }, tuningHz) {
  return new RecordingPicture(recording, view, tuningHz, () => {
    const { levels } = view.levels.peek();
    if (autoRange.peek() && levels) view.range.value = levels.autoRange();
  });
}

/** Absolute times, where the recording has them. @param {RecordingInfo} recording */
function clockOf({ start_time }) {
  if (!start_time) return undefined;
  const start = new Date(start_time).getTime();
  return (/** @type {number} */ seconds) => {
    const time = new Date(start + 1e3 * seconds);
    return Number.isNaN(time.getTime()) ? "" : `${time.toISOString().slice(11, -1)} UTC`;
  };
}

/** @param {{labelling: Labelling, tuningHz: import("../vendor/ui.js").Signal<number | null>}} props */
function Heading({ labelling, tuningHz }) {
  const { name, duration_sec, sample_rate_hz, start_time, center_freqs_hz } = labelling.recording;
  return html`
    <div class="toolbar">
      <a href="#label" aria-label="All recordings">‹ Recordings</a>
      <h1>${name}</h1>
      <span class="quiet">
        ${formatSeconds(duration_sec)} at ${formatHz(sample_rate_hz, 5)}${start_time ? `, from ${formatTime(start_time)}` : ""}
      </span>
      ${
        center_freqs_hz.length > 1 &&
        html`<label>
        Tuning
        <select
          onChange=${(/** @type {any} */ event) => {
            tuningHz.value = event.currentTarget.value === "" ? null : Number(event.currentTarget.value);
          }}
        >
          <option value="">the longest</option>
          ${center_freqs_hz.map((hz) => html`<option key=${hz} value=${hz}>${formatHz(hz, 8)}</option>`)}
        </select>
      </label>`
      }
      <${ZoomButtons} view=${labelling.view} />
      <${RangeControls} view=${labelling.view} auto=${autoRange} />
      <label>
        Colours
        <select
          value=${labelling.view.colorMap}
          onChange=${(/** @type {any} */ event) => (labelling.view.colorMap.value = event.currentTarget.value)}
        >
          ${COLOR_MAPS.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}
        </select>
      </label>
    </div>
  `;
}

/**
 * @param {object} props
 * @param {Labelling} props.labelling
 * @param {import("../vendor/ui.js").Signal<boolean>} props.drawing
 * @param {{current: HTMLInputElement | null}} props.input
 */
function DrawingTools({ labelling, drawing, input }) {
  const { draft } = labelling;
  const boxes = draft.boxes.value.length;
  return html`
    <div class="toolbar" role="group" aria-label="Drawing">
      <div class="button-group" role="group" aria-label="Dragging">
        <button type="button" aria-pressed=${drawing} onClick=${() => (drawing.value = true)}>Draw</button>
        <button type="button" aria-pressed=${!drawing.value} title="The middle button of a mouse moves always" onClick=${() => (drawing.value = false)}>
          Move
        </button>
      </div>
      <${NameField} labelling=${labelling} input=${input} />
      <button type="button" aria-pressed=${snapping} title="Move new boxes to the edges of the energy (s)" onClick=${() => (snapping.value = !snapping.value)}>
        Snap
      </button>
      <div class="button-group" role="group" aria-label="History">
        <button type="button" title="Undo (Ctrl+Z)" disabled=${!draft.canUndo.value} onClick=${() => draft.undo()}>Undo</button>
        <button type="button" title="Redo (Ctrl+Shift+Z)" disabled=${!draft.canRedo.value} onClick=${() => draft.redo()}>Redo</button>
      </div>
      <button
        type="button"
        title="Delete the chosen box (Delete)"
        disabled=${!draft.chosen.value}
        onClick=${() => draft.chosenId.value !== null && draft.remove(draft.chosenId.value)}
      >
        Delete box
      </button>
      <${WorkButton} class="primary" title="Make samples of the boxes (Ctrl+S)" disabled=${boxes === 0} run=${() => labelling.save()}>
        ${boxes ? `Save ${counted(boxes, "box", "boxes")}` : "Save"}
      <//>
    </div>
  `;
}

/** @param {{labelling: Labelling}} props */
function SuggestionTools({ labelling }) {
  const { suggestions } = labelling;
  const progress = suggestions.progress.value;
  const open = suggestions.open.value.length;
  const chosen = suggestions.chosen.value;
  const accepted = chosen?.name ? ` as ${chosen.name}` : "";
  return html`
    <div class="toolbar" role="group" aria-label="Suggestions">
      <${WorkButton} disabled=${!labelling.view.levels.value.levels} title="Detections of the loaded heads, and what else stands out, in what is shown (g)" run=${() => labelling.suggest()}>
        Suggest boxes
      <//>
      ${
        progress !== null &&
        html`<progress class="suggesting" aria-label="Looked at" max="1" value=${progress}></progress>
        <button type="button" onClick=${() => suggestions.cancel()}>Enough</button>`
      }
      ${
        (open > 0 || suggestions.asked.value) &&
        html`
        <button type="button" title="The next suggestion (n)" disabled=${open === 0} onClick=${() => labelling.next()}>Next</button>
        <button type="button" title="Make it a box (Enter or a)" disabled=${!chosen} onClick=${() => labelling.answer(false)}>
          Accept${accepted}
        </button>
        <button type="button" title="A verified negative (x or r)" disabled=${!chosen} onClick=${() => labelling.answer(true)}>Reject</button>
        <span class="quiet" role="status">${openText(open, progress)}</span>
      `
      }
    </div>
  `;
}

/** @param {number} open @param {number | null} progress */
function openText(open, progress) {
  if (open) return `${counted(open, "suggestion")}, the most useful first`;
  return progress === null ? "No suggestions in what was looked at." : "";
}

/** @param {{picture: RecordingPicture}} props */
function PictureState({ picture }) {
  const error = picture.error.value;
  if (error)
    return html`<p class="error-text" role="alert">${error} <button type="button" onClick=${() => picture.retry()}>Try again</button></p>`;
  const shown = picture.shown.value;
  return html`
    <p class="quiet picture-state" aria-busy=${picture.busy}>
      ${shown && `FFT ${shown.fft_size}, noise floor ${formatDb(shown.floor_db)}`}
      ${picture.busy.value && " · a sharper picture is being made…"}
    </p>
  `;
}

function Keys() {
  return html`
    <details class="keys">
      <summary>Keys</summary>
      <dl>
        ${KEYS.map(
          ([key, does]) => html`<div key=${key}>
            <dt><kbd>${key}</kbd></dt>
            <dd>${does}</dd>
          </div>`,
        )}
      </dl>
    </details>
  `;
}
