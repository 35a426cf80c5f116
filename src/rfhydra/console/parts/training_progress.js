// How far a training is: its stages, and a bar that goes on also where nothing can be counted.
/** @import {Training} from "../state.js" */
import { ask, runningTrainings } from "../state.js";
import { counted, formatClock } from "../units.js";
import { html, useEffect, useRef, useSignal } from "../vendor/ui.js";
import { STAGES } from "../words.js";
import { WorkButton } from "./work_button.js";

const TICK_MS = 200;
/** Where each stage begins in the bar, and the time after which half of what cannot be counted is passed. */
const BEGINS = [0, 0.08, 0.35, 0.8, 0.92, 1];
const HALF_S = 5;

/**
 * @param {object} props
 * @param {Training} props.training
 * @param {boolean} [props.compact] whether the stages are left out
 */
export function TrainingProgress({ training, compact = false }) {
  const { job } = training;
  const { number, done, total } = stageOf(training);
  const now = useSignal(Date.now());
  const counting = useRef({ key: "", since: 0, share: 0 });
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const share = progressOf(counting.current, `${job.job_id} ${number} ${done}`, now.value, number, done, total);
  if (job.state === "queued") return html`<${Queued} training=${training} />`;
  const elapsed = Math.max(0, (now.value - Date.parse(job.started_at ?? job.created_at)) / 1000);
  const count = !total || !done ? "" : number === 2 ? `: epoch ${done} of at most ${total}` : `: ${done} of ${total}`;
  return html`
    <div class="training-progress">
      <div class="training-title">
        <strong role="status">${compact ? STAGES[number].text : STAGES[number].doing}${count}</strong>
        <span class="quiet">${formatClock(elapsed)}</span>
        <${Cancel} training=${training} />
      </div>
      <progress max="1" value=${share} aria-label=${`Training of ${job.signal_name}`}></progress>
      ${!compact && html`<${Stages} number=${number} />`}
      ${job.attempts > 1 && html`<p class="hint">It was started again after the server had stopped.</p>`}
    </div>
  `;
}

/** @param {{number: number}} props */
function Stages({ number }) {
  return html`
    <ol class="stages">
      ${STAGES.map(
        ({ name, text }, place) => html`
          <li key=${name} class=${place < number ? "stage-done" : ""} aria-current=${place === number ? "step" : undefined}>
            ${text}${place < number && html`<span class="visually-hidden"> (done)</span>`}
          </li>
        `,
      )}
    </ol>
  `;
}

/**
 * The stage of a training and what is counted in it.
 * @param {Training} training
 * @returns {{number: number, done: number, total: number | null}}
 */
function stageOf({ job, events, stage }) {
  const epoch = events.at(-1);
  const name = stage?.stage ?? (epoch ? "fitting" : "starting");
  const number = STAGES.findIndex((each) => each.name === name);
  if (name !== "fitting") return { number, done: stage?.done ?? 0, total: stage?.total ?? null };
  const progress = epoch?.type === "training_progress" ? epoch : null;
  return { number, done: progress?.epoch ?? 0, total: progress?.total_epochs ?? job.epochs };
}

/**
 * The share of the bar, which never falls. Between two counts it goes towards the next.
 * @param {{key: string, since: number, share: number}} counting of the newest count
 * @param {string} key of the present count
 * @param {number} now
 * @param {number} number of the stage
 * @param {number} done
 * @param {number | null} total
 */
function progressOf(counting, key, now, number, done, total) {
  if (counting.key !== key) Object.assign(counting, { key, since: now });
  const seconds = (now - counting.since) / 1000;
  const waited = seconds / (seconds + HALF_S);
  const inside = total ? Math.min(1, (done + waited) / total) : waited;
  const share = BEGINS[number] + inside * (BEGINS[number + 1] - BEGINS[number]);
  counting.share = Math.max(counting.share, share);
  return counting.share;
}

/** @param {{training: Training}} props */
function Queued({ training }) {
  const unfinished = [...runningTrainings.value.values()];
  const before = unfinished.filter(({ job }) => job.created_at < training.job.created_at).length;
  return html`
    <div class="training-progress">
      <div class="training-title">
        <strong role="status">Queued: ${before ? `${counted(before, "training")} before it` : "it is the next"}</strong>
        <${Cancel} training=${training} />
      </div>
      <progress aria-label=${`Training of ${training.job.signal_name} waits`}></progress>
    </div>
  `;
}

/** @param {{training: Training}} props */
function Cancel({ training: { job } }) {
  return html`
    <${WorkButton} label=${`Cancel the training of ${job.signal_name}`} run=${() => ask("cancel_training", { job_id: job.job_id })}>
      Cancel
    <//>
  `;
}
