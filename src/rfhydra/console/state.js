// What the console knows of the server. The server's pushes are the only thing that changes it, so it is the same in
// every view, and right again after a reload or a lost connection.
/** @import {ArchiveInfo, CardComplete, CardFailed, CardProgress, Job, JobSnapshot, JobStage, LoadedHeads, Mission, Recordings,
 *   Registry, ScanFailed, ScanProgress, ServerHello, ServerMetrics, StreamStatus, TrackEvent, TrainingComplete,
 *   TrainingFailed, TrainingProgress} from "#protocol" */
import { CommandError, Connection } from "./connection.js";
import { batch, computed, signal } from "./vendor/ui.js";
import { say } from "./parts/notices.js";

const MAX_TRACKS = 500;
const TOPICS = /** @type {const} */ ([
  "jobs",
  "registry",
  "samples",
  "streams",
  "tracks",
  "metrics",
  "heads",
  "missions",
  "recordings",
  "cards",
  "scans",
]);
const WEBSOCKET_PATH = "/ws";

export const connection = new Connection(
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${WEBSOCKET_PATH}`,
);

/** The server, null before the first connection. */
export const server = signal(/** @type {ServerHello | null} */ (null));
export const metrics = signal(/** @type {ServerMetrics | null} */ (null));
export const registry = signal(/** @type {Registry["signals"]} */ ({}));
/** Number of samples of each signal. */
export const sampleCounts = signal(/** @type {Record<string, number>} */ ({}));
export const streams = signal(/** @type {StreamStatus[]} */ ([]));
/** The loaded heads with their thresholds, null before the first connection. */
export const heads = signal(/** @type {LoadedHeads | null} */ (null));
/** Version of each loaded head. */
export const loadedVersions = computed(() => heads.value?.versions ?? {});
export const missions = signal(/** @type {Mission[]} */ ([]));
/** Recordings that the server holds, and uploads to it. */
export const recordings = signal(/** @type {Recordings | null} */ (null));
/** The measurement of a detectability card: how far it is, or its end. */
export const cardWork = signal(/** @type {CardProgress | CardComplete | CardFailed | null} */ (null));

/** Archives of the server, null before the first connection. */
export const archives = signal(/** @type {ArchiveInfo[] | null} */ (null));
/** The scan of an archive: how far it is, or why it ended without a result. */
export const scan = signal(/** @type {ScanProgress | ScanFailed | null} */ (null));

/** @typedef {TrainingProgress | TrainingComplete | TrainingFailed} TrainingMessage */
/** @typedef {{job: Job, events: TrainingMessage[], stage: JobStage | null}} Training Its messages are by `seq`. */

/** Trainings by job id, the newest last. */
export const trainings = signal(/** @type {Map<string, Training>} */ (new Map()));

/** @typedef {TrackEvent & {key: string}} Track The last event of a track, identified over all streams. */

/** The newest tracks of all streams, the newest last. */
export const tracks = signal(/** @type {Map<string, Track>} */ (new Map()));
export const droppedTracks = signal(0);

/** Names of all signals, trained or not. */
export const signalNames = computed(() =>
  [...new Set([...Object.keys(registry.value), ...Object.keys(sampleCounts.value)])].sort(),
);
/** The training that runs for each signal. */
export const runningTrainings = computed(
  () =>
    new Map(
      [...trainings.value.values()]
        .filter(({ job }) => job.state === "queued" || job.state === "running")
        .map((training) => [training.job.signal_name, training]),
    ),
);

/**
 * Sends a command and tells the operator where it fails.
 * @type {Connection["ask"]}
 */
export const ask = async (command, fields) => {
  try {
    return await connection.ask(command, fields);
  } catch (error) {
    if (error instanceof CommandError) say(error.message, "error");
    throw error;
  }
};

/** Runs what an operator pressed: errors of the server were told by `ask` already. @param {() => Promise<any>} work */
export async function act(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}

connection.onOpen = async () => {
  server.value = await connection.ask("hello", { binary: true });
  const { snapshots } = await connection.ask("subscribe", { topics: [...TOPICS, ...extraTopics] });
  const { jobs } = await connection.ask("list_jobs", {});
  batch(() => {
    for (const job of jobs.reverse()) keepJob(job);
    for (const snapshot of snapshots) connection.deliver(snapshot);
  });
  for (const reopened of reopeners) await reopened();
};

/** @type {Set<"waterfall" | "detections">} */
const extraTopics = new Set();
/** @type {Set<() => Promise<void>>} */
const reopeners = new Set();

/**
 * Subscribes to a topic for as long as a view is shown, also after the connection is made again.
 * @param {"waterfall" | "detections"} topic
 * @param {() => Promise<void>} opened called whenever the server has the subscription
 * @returns {() => void} ends it
 */
export function whileShown(topic, opened) {
  const open = async () => {
    await connection.ask("subscribe", { topics: [topic] });
    await opened();
  };
  extraTopics.add(topic);
  reopeners.add(opened);
  if (connection.state.peek() === "open") act(open);
  return () => {
    extraTopics.delete(topic);
    reopeners.delete(opened);
    if (connection.state.peek() === "open") act(() => connection.ask("unsubscribe", { topics: [topic] }));
  };
}

connection.on("registry", ({ signals }) => (registry.value = signals));
connection.on("samples", ({ signals }) => (sampleCounts.value = signals));
connection.on("metrics", (message) => (metrics.value = message));
connection.on("loaded_heads", (message) => (heads.value = message));
connection.on("missions", (message) => (missions.value = message.missions));
connection.on("recordings", (message) => (recordings.value = message));
connection.on("card_progress", (message) => (cardWork.value = message));
connection.on("card_complete", (message) => (cardWork.value = message));
connection.on("card_failed", (message) => (cardWork.value = message));
connection.on("archives", (message) =>
  batch(() => ([archives.value, scan.value] = [message.archives, message.progress])),
);
connection.on("scan_progress", (message) => (scan.value = message));
connection.on("scan_failed", (message) => (scan.value = message));
connection.on("scan_complete", ({ archive, result }) =>
  batch(() => {
    archives.value = (archives.value ?? []).map((each) => (each.archive === archive ? { archive, result } : each));
    scan.value = null;
  }),
);
connection.on("streams", (message) => (streams.value = message.streams));
connection.on("jobs", ({ jobs }) => batch(() => [...jobs].reverse().forEach(keepJob)));
connection.on("job", keepTraining);
connection.on("job_stage", async (stage) => {
  const known = trainings.value.get(stage.job_id);
  if (known?.job.state === "running") updateTraining(stage.job_id, { stage });
  else if (!known?.job.finished_at) await loadTraining(stage.job_id); // it has begun
});
connection.on("training_progress", keepEvent);
connection.on("training_complete", keepEvent);
connection.on("training_failed", keepEvent);
connection.on("server_shutdown", ({ reason }) => say(`${reason}.`, "warning"));
connection.on("tracks", ({ events, dropped }) => {
  const kept = new Map(tracks.value);
  for (const event of events) {
    const key = `${event.stream_id}/${event.track_id}`;
    kept.delete(key); // the newest are last
    if (!event.merged_into) kept.set(key, { ...event, key });
  }
  for (const key of kept.keys()) {
    if (kept.size <= MAX_TRACKS) break;
    kept.delete(key);
  }
  batch(() => {
    tracks.value = kept;
    droppedTracks.value += dropped ?? 0;
  });
});

/** @param {Job} job */
function keepJob(job) {
  const { events = [], stage = null } = trainings.value.get(job.job_id) ?? {};
  trainings.value = new Map(trainings.value).set(job.job_id, { job, events, stage: job.finished_at ? null : stage });
}

/** @param {JobSnapshot} snapshot */
function keepTraining({ job, events, stage = null }) {
  trainings.value = new Map(trainings.value).set(job.job_id, { job, events, stage });
}

/** @param {string} jobId @param {Partial<Training>} changes */
function updateTraining(jobId, changes) {
  const known = trainings.value.get(jobId);
  if (known) trainings.value = new Map(trainings.value).set(jobId, { ...known, ...changes });
}

/** @param {TrainingMessage} event */
async function keepEvent(event) {
  const known = trainings.value.get(event.job_id);
  if (event.type !== "training_progress" || !known || (event.seq > 1 && known.events.at(-1)?.seq !== event.seq - 1)) {
    await loadTraining(event.job_id); // also the job has changed, or pushes were dropped
    return;
  }
  const job = { ...known.job, state: /** @type {const} */ ("running"), last_seq: event.seq };
  updateTraining(event.job_id, { job, events: [...known.events.filter(({ seq }) => seq < event.seq), event] });
}

/** Reads a training with its messages, of which pushes may have been dropped. @param {string} jobId */
export async function loadTraining(jobId) {
  keepTraining(await connection.ask("get_job", { job_id: jobId }));
}
