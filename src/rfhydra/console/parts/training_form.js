// What can be trained for a signal now, with the button that fits.
import { addressOf } from "../router.js";
import { ask, loadTraining, registry, sampleCounts, server, trainings } from "../state.js";
import { counted } from "../units.js";
import { html, useSignal } from "../vendor/ui.js";
import { WorkButton } from "./work_button.js";

/**
 * @typedef {object} Choice What fits the samples of a signal.
 * @property {string} text what the samples are good for
 * @property {"train" | "extend" | "provisional" | null} action of the first button
 * @property {string} button
 */

/** @param {string} name @returns {Choice} */
function choiceOf(name) {
  const samples = sampleCounts.value[name] ?? 0;
  const entry = registry.value[name];
  const enough = server.value?.limits.min_training_samples ?? 1;
  const missing = enough - samples;
  if (samples === 0)
    return { text: "It has no samples. Draw boxes around its emissions first.", action: null, button: "" };
  if (missing > 0) {
    const more = `${counted(missing, "more sample")} make a head that is validated.`;
    if (entry?.active_version != null && entry.sample_count >= samples)
      return { text: `Its head is provisional, from ${counted(samples, "sample")}. ${more}`, action: null, button: "" };
    return {
      text: `It has ${counted(samples, "sample")}. ${more} A provisional head can be made now; nothing validates it.`,
      action: "provisional",
      button: `Train a provisional head from ${counted(samples, "sample")}`,
    };
  }
  if (entry?.active_version == null || entry.provisional) {
    const why = entry?.provisional
      ? "Its head is provisional. There are enough samples now for one that is validated."
      : "";
    return { text: `It has ${counted(samples, "sample")}. ${why}`, action: "train", button: "Train" };
  }
  const tried = triedVersion(name, samples);
  if (tried != null && tried !== entry.active_version)
    return {
      text: `Version ${tried} was made from all ${counted(samples, "sample")}, and version ${entry.active_version} is the active one. More boxes tell which is better.`,
      action: null,
      button: "",
    };
  const added = samples - entry.sample_count;
  if (added > 0)
    return {
      text: `${counted(added, "sample")} of ${samples} came after version ${entry.active_version}, which is the active one.`,
      action: "extend",
      button: `Extend with ${counted(added, "new sample")}`,
    };
  return {
    text: `Version ${entry.active_version} knows all ${counted(samples, "sample")}. New boxes make it better, above all where it is wrong.`,
    action: null,
    button: "",
  };
}

/** The version of the last training, where that had all of the samples. @param {string} name @param {number} samples */
function triedVersion(name, samples) {
  const last = [...trainings.value.values()].findLast(({ job }) => job.signal_name === name)?.events.at(-1);
  return last?.type === "training_complete" && last.sample_count === samples ? last.version : null;
}

/** @param {{name: string}} props */
export function TrainingForm({ name }) {
  const notes = useSignal("");
  const epochs = useSignal("");
  const { text, action, button } = choiceOf(name);
  const samples = sampleCounts.value[name] ?? 0;
  const entry = registry.value[name];
  const hasHead = entry?.active_version != null && !entry.provisional && samples > 0;
  const start = async (/** @type {"train_signal" | "extend_signal"} */ command, provisional = false) => {
    const fields = { signal_name: name, notes: notes.value.trim() || null, provisional };
    const { job_id } = await ask(command, epochs.value ? { ...fields, epochs: Number(epochs.value) } : fields);
    notes.value = "";
    if (job_id != null) await loadTraining(job_id);
  };
  return html`
    <section class="training-form" aria-label="New training">
      <p>${text}</p>
      ${
        samples > 0 &&
        html`
        <label class="notes">
          Notes
          <input
            value=${notes}
            maxlength=${server.value?.limits.max_notes_length}
            placeholder="what is new, for the history"
            onInput=${(/** @type {any} */ event) => (notes.value = event.currentTarget.value)}
          />
        </label>
        <details>
          <summary>Settings</summary>
          <${Settings} epochs=${epochs} />
        </details>
      `
      }
      <div class="toolbar">
        ${
          action &&
          html`<${WorkButton}
          class="primary"
          run=${() => start(action === "extend" ? "extend_signal" : "train_signal", action === "provisional")}
        >
          ${button}
        <//>`
        }
        ${
          (!action || action === "provisional") &&
          html`<a class=${action ? "button" : "button primary"} href=${addressOf("label")}>Draw more boxes</a>`
        }
        ${hasHead && html`<${OtherTrainings} start=${start} action=${action} />`}
      </div>
    </section>
  `;
}

/**
 * What else can be trained where there is a head.
 * @param {object} props
 * @param {(command: "train_signal" | "extend_signal") => Promise<void>} props.start
 * @param {Choice["action"]} props.action
 */
function OtherTrainings({ start, action }) {
  return html`
    ${action == null && html`<${WorkButton} run=${() => start("extend_signal")}>Extend again<//>`}
    <${WorkButton}
      title="Make a new version from all samples, without what the active one knows"
      run=${() => start("train_signal")}
    >
      Train from scratch
    <//>
  `;
}

/**
 * @param {object} props
 * @param {import("../vendor/ui.js").Signal<string>} props.epochs
 */
function Settings({ epochs }) {
  return html`
    <div class="toolbar">
      <label>
        Epochs, at most
        <input
          type="number"
          min="1"
          max=${server.value?.limits.max_epochs}
          placeholder="as usual"
          value=${epochs}
          onInput=${(/** @type {any} */ event) => (epochs.value = event.currentTarget.value)}
        />
      </label>
    </div>
  `;
}
