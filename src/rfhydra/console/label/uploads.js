// Recordings on their way to the server: one after the other, since a connection sends one at a time.
/** @import {RecordingInfo, RecordingUpload} from "#protocol" */
import { CommandError } from "../connection.js";
import { uploadFrame } from "../frames.js";
import { connection } from "../state.js";
import { effect, signal } from "../vendor/ui.js";

const META = ".sigmf-meta";
const DATA = ".sigmf-data";

/** @typedef {{sample_rate_hz?: number, center_freq_hz?: number, datatype?: string}} Known What files do not state. */

/**
 * @typedef {object} Upload
 * @property {number} tag of its frames
 * @property {string} name
 * @property {File[]} files metadata before data
 * @property {number} sizeBytes
 * @property {number} sentBytes
 * @property {string | null} uploadId once the server knows it
 * @property {"waiting" | "sending" | "refused" | "incomplete" | "done"} state `incomplete`: the server has all bytes,
 *   and cannot open them as they are
 * @property {string} error
 */

/** Uploads that are not done, the oldest first. */
export const uploads = signal(/** @type {Upload[]} */ ([]));
let lastTag = 0;
let sending = Promise.resolve();

/**
 * Sends files, each a recording of its own but for pairs of SigMF.
 * @param {Iterable<File>} files
 * @param {(recording: RecordingInfo) => void} onOpened
 */
export function send(files, onOpened) {
  for (const [name, group] of grouped(files)) {
    const tag = ++lastTag;
    const sizeBytes = group.reduce((sum, { size }) => sum + size, 0);
    const upload = { tag, name, files: group, sizeBytes, sentBytes: 0, uploadId: null, error: "" };
    uploads.value = [...uploads.value, { ...upload, state: /** @type {const} */ ("waiting") }];
    enqueue(tag, {}, onOpened);
  }
}

/**
 * Opens the files of an incomplete upload again.
 * @param {Upload} upload
 * @param {Known} known
 * @param {(recording: RecordingInfo) => void} onOpened
 */
export function complete({ tag }, known, onOpened) {
  change(tag, { state: "waiting", error: "" });
  enqueue(tag, known, onOpened);
}

/** Gives an upload up. @param {Upload} upload */
export async function giveUp({ tag, uploadId }) {
  uploads.value = uploads.value.filter((each) => each.tag !== tag);
  if (uploadId) await connection.ask("close_recording", { recording_id: uploadId });
}

/** @param {number} tag @param {Known} known @param {(recording: RecordingInfo) => void} onOpened */
function enqueue(tag, known, onOpened) {
  sending = sending.then(async () => {
    try {
      const recording = await upload(tag, known);
      if (!recording) return;
      uploads.value = uploads.value.filter((each) => each.tag !== tag);
      onOpened(recording);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      await refused(tag, error.message);
    }
  });
}

/** @param {number} tag @param {string} error */
async function refused(tag, error) {
  const { uploadId, sentBytes, sizeBytes } = find(tag) ?? {};
  const whole = uploadId && sentBytes === sizeBytes;
  change(tag, whole ? { state: "incomplete", error } : { state: "refused", error, uploadId: null });
  // A part of a recording is of no use, and would keep this connection from sending another one.
  if (uploadId && !whole) await connection.ask("close_recording", { recording_id: uploadId }).catch(() => {});
}

/**
 * @param {number} tag
 * @param {Known} known
 * @returns {Promise<RecordingInfo | null>} null where it was given up
 */
async function upload(tag, known) {
  for (;;) {
    await connected();
    const before = find(tag);
    if (!before) return null;
    change(tag, { state: "sending" });
    const files = before.files.map(({ name, size }) => ({ name, size_bytes: size }));
    try {
      const begun = before.uploadId
        ? await connection.ask("resume_upload", { upload_id: before.uploadId, tag, ...known })
        : await connection.ask("open_recording", { files, tag, ...known });
      return await sendRest(before, begun);
    } catch (error) {
      const code = error instanceof CommandError ? error.code : "";
      // The server keeps what it has for some minutes, so a connection that was lost goes on where it was; one that was
      // started again has nothing.
      if (code === "not_found" && before.uploadId) change(tag, { uploadId: null, sentBytes: 0 });
      else if (code !== "disconnected") throw error;
    }
  }
}

/** @param {Upload} upload @param {RecordingUpload} begun @returns {Promise<RecordingInfo | null>} */
async function sendRest({ tag, files }, begun) {
  const bytes = new Blob(files);
  let state = begun;
  for (;;) {
    change(tag, { uploadId: state.upload_id, sentBytes: state.received_bytes });
    if (state.recording) return state.recording;
    if (!find(tag)) return null;
    const stop = Math.min(bytes.size, state.received_bytes + state.max_chunk_bytes);
    const chunk = new Uint8Array(await bytes.slice(state.received_bytes, stop).arrayBuffer());
    if (stop === bytes.size) change(tag, { sentBytes: stop });
    state = await connection.askFrame(tag, uploadFrame(tag, state.received_bytes, chunk));
  }
}

/** Waits for the connection. @returns {Promise<void>} */
function connected() {
  return new Promise((resolve) => {
    const end = effect(() => {
      if (connection.state.value !== "open") return;
      resolve();
      queueMicrotask(() => end());
    });
  });
}

/**
 * Files by the name of their recording; metadata and data of SigMF belong together.
 * @param {Iterable<File>} files
 * @returns {Map<string, File[]>}
 */
function grouped(files) {
  const groups = new Map();
  for (const file of files) {
    const paired = file.name.endsWith(META) || file.name.endsWith(DATA);
    const name = paired ? file.name.slice(0, -META.length) : file.name;
    groups.set(
      name,
      [...(groups.get(name) ?? []), file].sort((one) => (one.name.endsWith(META) ? -1 : 1)),
    );
  }
  return groups;
}

/** @param {number} tag */
const find = (tag) => uploads.value.find((each) => each.tag === tag);

/** @param {number} tag @param {Partial<Upload>} changes */
function change(tag, changes) {
  uploads.value = uploads.value.map((each) => (each.tag === tag ? { ...each, ...changes } : each));
}
