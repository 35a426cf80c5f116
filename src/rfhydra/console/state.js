// What the console knows of the server. The server's pushes are the only thing that changes it, so it is the same in
// every view, and right again after a reload or a lost connection.
/** @import {Job, Recordings, Registry, ServerHello, ServerMetrics, StreamStatus, TrackEvent, TrainingComplete,
 *   TrainingFailed, TrainingProgress} from "#protocol" */
import { CommandError, Connection } from "./connection.js";
import { batch, computed, signal } from "./vendor/ui.js";
import { say } from "./parts/notices.js";

const MAX_TRACKS = 500;
const TOPICS = /** @type {const} */ (["jobs", "registry", "samples", "streams", "tracks", "metrics", "recordings"]);
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
/** Recordings that the server holds, and uploads to it. */
export const recordings = signal(/** @type {Recordings | null} */ (null));

/** @typedef {TrainingProgress | TrainingComplete | TrainingFailed} TrainingMessage */
/** @typedef {{job: Job, events: TrainingMessage[]}} Training A training, with its messages by `seq`. */

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
connection.on("recordings", (message) => (recordings.value = message));
connection.on("streams", (message) => (streams.value = message.streams));
connection.on("jobs", ({ jobs }) => batch(() => [...jobs].reverse().forEach(keepJob)));
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
  const events = trainings.value.get(job.job_id)?.events ?? [];
  trainings.value = new Map(trainings.value).set(job.job_id, { job, events });
}

/** @param {TrainingMessage} event */
async function keepEvent(event) {
  const known = trainings.value.get(event.job_id);
  if (!known || (event.seq > 1 && known.events.at(-1)?.seq !== event.seq - 1)) {
    await loadTraining(event.job_id);
    return;
  }
  const state = { training_progress: "running", training_complete: "completed", training_failed: "failed" }[
    /** @type {"training_progress"} */ (event.type)
  ];
  const job = { ...known.job, state: /** @type {Job["state"]} */ (state), last_seq: event.seq };
  const events = [...known.events.filter(({ seq }) => seq < event.seq), event];
  trainings.value = new Map(trainings.value).set(event.job_id, { job, events });
  if (state !== "running") await loadTraining(event.job_id);
}

/** Reads a training with its messages, of which pushes may have been dropped. @param {string} jobId */
export async function loadTraining(jobId) {
  const { job, events } = await connection.ask("get_job", { job_id: jobId });
  trainings.value = new Map(trainings.value).set(jobId, { job, events });
}
