// Train: heads of signals, from their samples to the verdict on a new version.
/** @import {EpochProgress, Job, TrainingComplete} from "#protocol" */
/** @import {Training} from "../state.js" */
import { Pending, useAnswer } from "../parts/answer.js";
import { HeadButtons } from "../parts/head_buttons.js";
import { SignalList } from "../parts/signal_list.js";
import { TrainingCurves } from "../parts/training_curves.js";
import { TrainingForm } from "../parts/training_form.js";
import { TrainingProgress } from "../parts/training_progress.js";
import { RateList, Validation } from "../parts/validation.js";
import { Verdict } from "../parts/verdict.js";
import { addressOf, go, route } from "../router.js";
import { say } from "../parts/notices.js";
import { act, connection, loadTraining, registry, runningTrainings, signalNames, trainings } from "../state.js";
import { formatSeconds } from "../units.js";
import { html, useEffect } from "../vendor/ui.js";
import { failureInWords } from "../words.js";

connection.on("training_complete", ({ signal_name, version, auto_promoted }) =>
  tellEnd(
    signal_name,
    `version ${version} is trained${auto_promoted ? " and active" : ", and not promoted"}`,
    auto_promoted ? "good" : "info",
  ),
);
connection.on("training_failed", ({ signal_name, code }) =>
  code === "cancelled"
    ? tellEnd(signal_name, "the training was cancelled", "info")
    : tellEnd(signal_name, "the training failed", "error"),
);

/** Tells of the end of a training in every view. @param {string} name @param {string} text @param {import("../parts/notices.js").Kind} kind */
function tellEnd(name, text, kind) {
  const shown = route.value.view === "train" && route.value.rest[0] === name;
  say(`${name}: ${text}.`, kind, shown ? undefined : { label: "Show", run: () => go("train", name) });
}

/** @param {{rest: string[]}} props */
export function Train({ rest }) {
  const names = signalNames.value;
  const name = rest[0] ?? [...runningTrainings.value.keys()][0] ?? names[0] ?? null;
  if (name == null) return html`<${Nothing} />`;
  return html`
    <div class="with-list">
      <section class="panel">
        <h1>Signals</h1>
        <${SignalList} view="train" chosen=${name} />
        <${Queue} chosen=${name} />
      </section>
      <div class="with-list-content">
        ${
          names.includes(name)
            ? html`<${Signal} key=${name} name=${name} />`
            : connection.state.value === "open" &&
              html`<p class="panel">There is no signal ${name}. Choose one from the list.</p>`
        }
      </div>
    </div>
  `;
}

function Nothing() {
  if (connection.state.value !== "open") return null;
  return html`
    <div class="empty">
      <h1>No signal to train yet</h1>
      <p>
        A head is trained from boxes around the emissions of one signal. Draw five of them, and training takes seconds; one
        box makes a provisional head.
      </p>
      <p><a class="button primary" href=${addressOf("label")}>Draw boxes</a></p>
    </div>
  `;
}

/** Trainings of the other signals, which run before or after. @param {{chosen: string}} props */
function Queue({ chosen }) {
  const others = [...runningTrainings.value.values()].filter(({ job }) => job.signal_name !== chosen);
  if (others.length === 0) return null;
  return html`
    <h2>Other trainings</h2>
    ${others.map(
      (training) => html`
        <div key=${training.job.job_id} class="queued-training">
          <a href=${addressOf("train", training.job.signal_name)}>${training.job.signal_name}</a>
          <${TrainingProgress} training=${training} compact />
        </div>
      `,
    )}
  `;
}

/** @param {{name: string}} props */
function Signal({ name }) {
  const running = runningTrainings.value.get(name);
  const newest = [...trainings.value.values()].findLast(({ job }) => job.signal_name === name);
  return html`
    <section class="panel">
      <h1>${name}</h1>
      ${
        running
          ? html`<${TrainingProgress} key=${running.job.job_id} training=${running} />`
          : html`<${TrainingForm} name=${name} />`
      }
      <${HeadButtons} name=${name} />
    </section>
    ${running ? html`<${Running} training=${running} />` : html`<${Last} name=${name} training=${newest ?? null} />`}
  `;
}

/** @param {{training: Training}} props */
function Running({ training: { events } }) {
  const epochs = epochsOf(events);
  if (epochs.length === 0) return null;
  return html`<section class="panel"><${TrainingCurves} epochs=${epochs} /></section>`;
}

/** @param {Training["events"]} events @returns {EpochProgress[]} */
const epochsOf = (events) => events.flatMap((event) => (event.type === "training_progress" ? [event] : []));

/**
 * How the last training ended.
 * @param {{name: string, training: Training | null}} props
 */
function Last({ name, training }) {
  const job = training?.job;
  const isOpen = connection.state.value === "open";
  useEffect(() => {
    if (isOpen && training && job && training.events.at(-1)?.seq !== job.last_seq) act(() => loadTraining(job.job_id));
  }, [job?.job_id, isOpen]);
  const epochs = epochsOf(training?.events ?? []);
  if (job?.state === "failed" || job?.state === "cancelled")
    return html`<${Failure} name=${name} job=${job} epochs=${epochs} />`;
  const end = training?.events.at(-1);
  const completed = end?.type === "training_complete" ? end : null;
  return html`<${Result} name=${name} version=${job?.version ?? null} completed=${completed} epochs=${epochs} />`;
}

/** @param {{name: string, job: Job, epochs: EpochProgress[]}} props */
function Failure({ name, job: { code, error }, epochs }) {
  return html`
    <section class="panel">
      <h2>${code === "cancelled" ? "The last training was cancelled" : "The last training failed"}</h2>
      <p class=${code === "cancelled" ? "" : "error-text"}>${failureInWords(code, error)}</p>
      ${
        code === "not_enough_samples" &&
        html`<p><a class="button primary" href=${addressOf("label")}>Draw more boxes</a></p>`
      }
      ${epochs.length > 0 && html`<${TrainingCurves} epochs=${epochs} />`}
    </section>
    ${registry.value[name] && html`<${Result} name=${name} version=${null} completed=${null} epochs=${[]} />`}
  `;
}

/**
 * The result of a training, or the newest version where no training is known.
 * @param {object} props
 * @param {string} props.name
 * @param {number | null} props.version
 * @param {TrainingComplete | null} props.completed
 * @param {EpochProgress[]} props.epochs
 */
function Result({ name, version, completed, epochs }) {
  const trainedAt = registry.value[name]?.last_trained ?? "";
  const answer = useAnswer(trainedAt && `${name} ${version ?? trainedAt}`, async () => {
    const number = version ?? (await newestVersion(name));
    return connection.ask("get_version", { signal_name: name, version: number });
  });
  const detail = answer.value;
  if (!trainedAt && !completed) return null;
  const known = detail?.epochs ?? epochs;
  const number = detail?.info.version ?? completed?.version;
  if (number == null)
    return html`<section class="panel"><${Pending} answer=${answer} text="Reading the results…" /></section>`;
  return html`
    <section class="panel result">
      <h2 class="result-title">
        Result: version ${number}
        <span class="quiet">
          ${completed && `${completed.epochs_trained} epochs in ${formatSeconds(completed.training_time_sec)}`}
        </span>
        <a href=${addressOf("versions", name)}>All versions</a>
      </h2>
      ${
        detail?.verdict
          ? html`<${Verdict} name=${name} version=${number} verdict=${detail.verdict} former=${completed?.previous_version} />`
          : completed && html`<${EarlyVerdict} completed=${completed} />`
      }
      ${
        detail
          ? html`<${Validation} detail=${detail} />`
          : html`
            ${completed && completed.metrics.recall != null && html`<${RateList} rates=${completed.metrics} />`}
            <${Pending} answer=${answer} text="Looking at what it misses…" />
          `
      }
      ${known.length > 0 && html`<h3>Training</h3><${TrainingCurves} epochs=${known} />`}
    </section>
  `;
}

/** @param {string} name */
async function newestVersion(name) {
  const { versions } = await connection.ask("get_version_history", { signal_name: name });
  return versions[versions.length - 1].version;
}

/** What the training itself said, until the results are read. @param {{completed: TrainingComplete}} props */
function EarlyVerdict({ completed }) {
  return html`<p><strong>${completed.auto_promoted ? "Promoted." : "Not promoted."}</strong> ${completed.promotion_reason}</p>`;
}
