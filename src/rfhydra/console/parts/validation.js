// What a version makes of its validation boxes: rates, what it misses and what it detects falsely, rates by threshold.
/** @import {CurvePoint, FalseDetection, MissedBox, RateIntervals, VersionDetail} from "#protocol" */
import { counted, formatShare } from "../units.js";
import { html } from "../vendor/ui.js";
import { countedOn, isWide, ratesInWords, sentence } from "../words.js";
import { Chart } from "./chart.js";
import { Example } from "./example.js";

/**
 * @typedef {{f1_score: number | null, precision: number | null, recall: number | null}} Rates
 */

/**
 * @param {object} props
 * @param {Rates} props.rates
 * @param {RateIntervals} [props.intervals]
 * @param {string} [props.basis] what they were counted on
 */
export function RateList({ rates, intervals, basis }) {
  const shown = /** @type {const} */ ([
    ["F1", "f1_score"],
    ["precision", "precision"],
    ["recall", "recall"],
  ]);
  return html`
    <dl class="rates">
      ${shown.map(
        ([label, key]) => html`
          <div key=${key}>
            <dt>${label}</dt>
            <dd>
              <strong>${formatShare(rates[key])}</strong>
              ${intervals && isWide(intervals[key]) && html`<span class="quiet">${range(intervals[key])}</span>`}
            </dd>
          </div>
        `,
      )}
    </dl>
    <p>${ratesInWords(rates, intervals).join(" ")}${basis && html` <span class="quiet">${basis}</span>`}</p>
  `;
}

/** @param {{low: number, high: number}} interval */
const range = ({ low, high }) =>
  html`<span aria-label=${`90 percent interval ${low.toFixed(2)} to ${high.toFixed(2)}`}>${low.toFixed(2)} – ${high.toFixed(2)}</span>`;

/** @param {{detail: VersionDetail}} props */
export function Validation({ detail }) {
  const { info, validation, validation_missing, threshold } = detail;
  if (!validation) {
    return html`
      ${info.recall != null && html`<${RateList} rates=${info} />`}
      <p class="hint">${sentence(validation_missing ?? "There are no results on validation boxes")}</p>
    `;
  }
  const { samples, boxes, missed, missed_count, false_detections, false_count } = validation;
  const basis = countedOn(boxes, samples);
  return html`
    <${RateList} rates=${info} intervals=${validation.intervals} basis=${basis} />
    <${Examples} title=${missed_count ? `${counted(missed_count, "missed box", "missed boxes")}` : "It misses none of these boxes"}>
      ${missed.map((each) => html`<${Missed} key=${keyOf(each)} missed=${each} />`)}
    <//>
    <${Examples}
      title=${false_count ? counted(false_count, "false detection") : "It detects nothing else on their windows"}
      hint=${false_count > 0 && "Is one of them right? Then it is an emission without a box: draw it, and train again."}
    >
      ${false_detections.map((each) => html`<${False} key=${keyOf(each)} detection=${each} />`)}
    <//>
    <${ThresholdCurve} title="Precision and recall by threshold" curve=${validation.curve} threshold=${threshold} />
  `;
}

/** @param {MissedBox | FalseDetection} example */
const keyOf = ({ sample_id, box }) => `${sample_id} ${box.x_min} ${box.y_min}`;

/** @param {{title: string, hint?: string | false, children?: unknown[]}} props */
function Examples({ title, hint, children = [] }) {
  return html`
    <h3>${title}</h3>
    ${hint && html`<p class="hint">${hint}</p>`}
    ${children.length > 0 && html`<ul class="examples">${children}</ul>`}
  `;
}

/** @param {{missed: MissedBox}} props */
function Missed({ missed: { sample_id, box, score } }) {
  return html`
    <${Example} sampleId=${sample_id} box=${box} color="#ffb454" what="Missed box">
      <span>${score == null ? "nothing near it" : `score ${formatShare(score)}, too low`}</span>
    <//>
  `;
}

/** @param {{detection: FalseDetection}} props */
function False({ detection: { sample_id, box, score } }) {
  return html`
    <${Example} sampleId=${sample_id} box=${box} color="#ff8a80" what="False detection">
      <span>score ${formatShare(score)}</span>
    <//>
  `;
}

/** @param {{title: string, curve: CurvePoint[], threshold: number | null}} props */
export function ThresholdCurve({ title, curve, threshold }) {
  if (curve.length === 0) return null;
  const at = threshold == null ? undefined : curve.findLast((point) => point.threshold <= threshold);
  const description =
    threshold == null || !at
      ? `Thresholds from ${formatShare(curve[0].threshold)} to ${formatShare(curve[curve.length - 1].threshold)}.`
      : `At the threshold of the version, ${formatShare(threshold)}, precision is ${formatShare(at.precision)} and recall ` +
        `${formatShare(at.recall)}. A higher threshold detects less, and less falsely.`;
  return html`
    <${Chart}
      title=${title}
      description=${description}
      xLabel="threshold"
      x=${curve.map((point) => point.threshold)}
      xRange=${[0, 1]}
      yRange=${[0, 1.02]}
      restAtMark
      marks=${threshold == null ? [] : [{ x: threshold, label: `in use: ${formatShare(threshold)}` }]}
      curves=${[
        { label: "F1", values: curve.map((point) => point.f1_score), color: "a" },
        { label: "precision", values: curve.map((point) => point.precision), color: "b" },
        { label: "recall", values: curve.map((point) => point.recall), color: "c" },
      ]}
    />
  `;
}
