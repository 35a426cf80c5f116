// The epochs of a training as curves.
/** @import {EpochProgress} from "#protocol" */
import { html } from "../vendor/ui.js";
import { Chart } from "./chart.js";

const LEAST_EPOCHS = 5;

/** @param {{epochs: EpochProgress[]}} props */
export function TrainingCurves({ epochs }) {
  const x = epochs.map(({ epoch }) => epoch);
  const best = epochs.findLast(({ is_best }) => is_best);
  const last = epochs.at(-1);
  const validated = epochs.some(({ f1_score }) => f1_score != null);
  const xRange = /** @type {[number, number]} */ ([1, Math.max(LEAST_EPOCHS, last?.epoch ?? 0)]);
  const marks = best && validated ? [{ x: best.epoch, label: `best: epoch ${best.epoch}` }] : [];
  /** @type {(key: "train_loss" | "val_loss" | "f1_score" | "precision" | "recall") => (number | null)[]} */
  const column = (key) => epochs.map((epoch) => epoch[key]);
  const common = { xLabel: "epoch", x, xRange, marks, whole: true };
  return html`
    <div class="charts">
      <${Chart}
        ...${common}
        title="Loss"
        description=${inWords("The loss on the training boxes", column("train_loss"), x)}
        curves=${[
          { label: "training", values: column("train_loss"), color: "a" },
          ...(validated ? [{ label: "validation", values: column("val_loss"), color: "b" }] : []),
        ]}
      />
      ${
        validated &&
        html`<${Chart}
        ...${common}
        title="Validation boxes"
        yRange=${[0, 1.02]}
        description=${`${inWords("F1", column("f1_score"), x)} ${best ? `The best epoch is ${best.epoch}.` : ""}`}
        curves=${[
          { label: "F1", values: column("f1_score"), color: "a" },
          { label: "precision", values: column("precision"), color: "b" },
          { label: "recall", values: column("recall"), color: "c" },
        ]}
      />`
      }
    </div>
  `;
}

/** @param {string} what @param {(number | null)[]} values @param {number[]} epochs */
function inWords(what, values, epochs) {
  const known = values.flatMap((value, place) => (value == null ? [] : [{ value, epoch: epochs[place] }]));
  if (known.length === 0) return "No epoch has ended yet.";
  const [first, last] = [known[0], known[known.length - 1]];
  return `${what} goes from ${first.value.toPrecision(2)} in epoch ${first.epoch} to ${last.value.toPrecision(2)} in epoch ${last.epoch}.`;
}
