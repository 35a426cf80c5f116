// The threshold of a loaded head, with its precision and recall on validation boxes.
/** @import {CurvePoint, HeadThreshold} from "#protocol" */
import { act, ask } from "../state.js";
import { formatShare } from "../units.js";
import { html, useSignal } from "../vendor/ui.js";

const WIDTH = 220;
const HEIGHT = 54;
const STEP = 0.01;

/**
 * @param {object} props
 * @param {string} props.signalName
 * @param {HeadThreshold} props.threshold
 * @param {CurvePoint[]} props.curve by rising threshold; empty where it is not known
 */
export function ThresholdSlider({ signalName, threshold, curve }) {
  // While the operator moves it, the slider is ahead of the server.
  const moving = useSignal(/** @type {number | null} */ (null));
  const value = moving.value ?? threshold.threshold;
  const point = curve.findLast((each) => each.threshold <= value) ?? curve[0];
  const set = (/** @type {number | null} */ wanted) =>
    act(async () => {
      try {
        await ask("set_threshold", { signal_name: signalName, threshold: wanted });
      } finally {
        moving.value = null;
      }
    });
  const read = (/** @type {any} */ event) => Number(event.currentTarget.value);
  return html`
    <div class="threshold">
      <${Curve} curve=${curve} threshold=${value} own=${threshold.own_threshold} />
      <input
        type="range"
        min="0"
        max="1"
        step=${STEP}
        value=${value}
        aria-label=${`Threshold of ${signalName}`}
        onInput=${(/** @type {any} */ event) => (moving.value = read(event))}
        onChange=${(/** @type {any} */ event) => set(read(event))}
      />
      <span class="threshold-text">
        ${value.toFixed(2)}
        ${
          point &&
          html`<span class="quiet">
          ${` precision ${formatShare(point.precision)}, recall ${formatShare(point.recall)}, F1 ${formatShare(point.f1_score)}`}
        </span>`
        }
      </span>
      ${
        threshold.is_overridden &&
        html`<button type="button" title="Back to the threshold that training chose" onClick=${() => set(null)}>
        Own (${threshold.own_threshold.toFixed(2)})
      </button>`
      }
    </div>
  `;
}

/** @param {{curve: CurvePoint[], threshold: number, own: number}} props */
function Curve({ curve, threshold, own }) {
  const line = (/** @type {"precision" | "recall"} */ name) =>
    curve
      .filter((point) => point[name] != null)
      .map(
        (point) =>
          `${(point.threshold * WIDTH).toFixed(1)},${((1 - Number(point[name])) * (HEIGHT - 4) + 2).toFixed(1)}`,
      )
      .join(" ");
  if (curve.length === 0) return null;
  return html`
    <svg class="curve" width=${WIDTH} height=${HEIGHT} aria-hidden="true">
      <polyline class="curve-precision" points=${line("precision")} />
      <polyline class="curve-recall" points=${line("recall")} />
      <line class="curve-own" x1=${own * WIDTH} x2=${own * WIDTH} y1="0" y2=${HEIGHT} />
      <line class="curve-now" x1=${threshold * WIDTH} x2=${threshold * WIDTH} y1="0" y2=${HEIGHT} />
    </svg>
  `;
}
