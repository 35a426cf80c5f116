// How many boxes each signal has, what more would help, and the training that follows.
/** @import {SignalInfo} from "#protocol" */
/** @import {Labelling} from "./labelling.js" */
import { boxColor } from "../colormaps.js";
import { WorkButton } from "../parts/work_button.js";
import { addressOf, go } from "../router.js";
import { act, ask, connection, registry, runningTrainings, sampleCounts } from "../state.js";
import { counted } from "../units.js";
import { html, useEffect, useSignal } from "../vendor/ui.js";

/** Fewer windows make a provisional head only. */
const LEAST = 5;
const USUAL = 10;
const PLENTY = 20;

/** @typedef {{name: string, boxes: number, windows: number, negatives: number, unsaved: number}} Count */

/** @param {{labelling: Labelling}} props */
export function SignalCounter({ labelling }) {
  const signals = useSignal(/** @type {SignalInfo[]} */ ([]));
  useEffect(() => {
    if (connection.state.value !== "open") return;
    act(async () => (signals.value = (await ask("get_signals", {})).signals));
  }, [connection.state.value, sampleCounts.value, registry.value]);
  const counts = countsOf(labelling, signals.value);
  return html`
    <section class="panel" aria-labelledby="counter-title">
      <h2 id="counter-title">Boxes of signals</h2>
      ${counts.length === 0 && html`<p class="hint">Draw a box around an emission, and name its signal.</p>`}
      <ul class="counter">
        ${counts.map((count) => html`<${Counted} key=${count.name} count=${count} />`)}
      </ul>
    </section>
  `;
}

/**
 * Signals of this recording first.
 * @param {Labelling} labelling
 * @param {SignalInfo[]} signals
 * @returns {Count[]}
 */
function countsOf({ draft, known }, signals) {
  const drawn = draft.boxes.value.filter(({ name }) => name);
  const here = new Set([...drawn, ...known.value.filter(({ isSample }) => isSample)].map(({ name }) => name));
  const names = new Set([...here, ...signals.map(({ signal_name }) => signal_name)]);
  return [...names]
    .map((name) => {
      const info = signals.find(({ signal_name }) => signal_name === name);
      return {
        name,
        boxes: info?.box_count ?? 0,
        windows: info?.sample_count ?? 0,
        negatives: info?.negative_count ?? 0,
        unsaved: drawn.filter((each) => each.name === name).length,
      };
    })
    .sort(
      (one, other) => Number(here.has(other.name)) - Number(here.has(one.name)) || one.name.localeCompare(other.name),
    );
}

/** @param {{count: Count}} props */
function Counted({ count: { name, boxes, windows, negatives, unsaved } }) {
  return html`
    <li>
      <div class="counter-head">
        <strong><span class="swatch" style=${{ background: boxColor(name) }}></span>${name}</strong>
        <span class="number">${counted(boxes, "box", "boxes")}</span>
      </div>
      <meter aria-label=${`Windows with boxes of ${name}`} max=${USUAL} value=${Math.min(USUAL, windows)}></meter>
      <p class="quiet">
        in ${counted(windows, "window")}${negatives > 0 ? `, ${counted(negatives, "negative")}` : ""}
        ${unsaved > 0 && html`, <strong>${unsaved} not saved</strong>`}
      </p>
      <p>${advice(windows, unsaved)}</p>
      ${windows > 0 && html`<${TrainButton} name=${name} boxes=${boxes} windows=${windows} />`}
    </li>
  `;
}

/** What would help a signal. @param {number} windows @param {number} unsaved */
function advice(windows, unsaved) {
  if (windows === 0) return unsaved ? "Save them to train." : "Draw some boxes.";
  if (windows < LEAST)
    return `${counted(LEAST - windows, "more window")} with a box for a head that is validated. A provisional one is possible now.`;
  if (windows < USUAL) return `Enough to train. ${USUAL} to ${PLENTY} windows are usual.`;
  if (windows < PLENTY) return "Enough to train. Boxes from other recordings help more than further ones of this one.";
  return "Plenty. What helps now is what the head misses or confuses: accept and reject suggestions.";
}

/** @param {{name: string, boxes: number, windows: number}} props */
function TrainButton({ name, boxes, windows }) {
  const hasHead = registry.value[name]?.active_version != null;
  const provisional = windows < LEAST && !hasHead;
  const running = runningTrainings.value.has(name);
  const train = async () => {
    if (hasHead) await ask("extend_signal", { signal_name: name });
    else await ask("train_signal", { signal_name: name, provisional });
    go("train", name);
  };
  if (running) return html`<a class="button" href=${addressOf("train", name)}>${name} is being trained</a>`;
  const text = counted(boxes, "box", "boxes");
  return html`
    <${WorkButton} class=${provisional || hasHead ? "" : "primary"} run=${train}>
      ${hasHead ? `Extend ${name} now (${text})` : `Train ${provisional ? "a provisional head of " : ""}${name} now (${text})`}
    <//>
  `;
}
