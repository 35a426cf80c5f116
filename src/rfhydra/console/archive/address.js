// What the archive view shows, from the address and as an address: hits of an archive, or what is similar to a box.
/** @import {RecordingBox} from "#protocol" */
import { addressOf } from "../router.js";

const ANY = "*";
const SIMILAR = { archived: "similar", held: "similar-to" };

/** @typedef {RecordingBox & {recording: string, start_time: string | null}} ArchivedBox A box in a recording of an archive. */
/** @typedef {{fromSec: number, toSec: number}} Stretch A part of the axis of a timeline. */
/** @typedef {{archive: string, signalName: string | null, stretch: Stretch | null}} Filter Hits of an archive. */

/**
 * @typedef {object} Example A box that others are compared with.
 * @property {string | null} recording that of the archive in which it lies
 * @property {string | null} recordingId that of the server, where it lies in no recording of the archive
 * @property {RecordingBox} box
 */

/** The address of hits. @param {Filter} filter */
export const hitsAddress = ({ archive, signalName, stretch }) =>
  signalName === null && stretch === null
    ? addressOf("archive", archive)
    : addressOf("archive", archive, "hits", signalName ?? ANY, ...(stretch ? [stretch.fromSec, stretch.toSec] : []));

/** The address of what is similar to a box in a recording of the archive. @param {string} archive @param {string} recording @param {RecordingBox} box */
export const similarAddress = (archive, recording, box) =>
  addressOf("archive", archive, SIMILAR.archived, recording, ...edges(box));

/** The address of what is similar to a box in a recording that the server holds. @param {string} archive @param {string} recordingId @param {RecordingBox} box */
export const similarToHeldAddress = (archive, recordingId, box) =>
  addressOf("archive", archive, SIMILAR.held, recordingId, ...edges(box));

/** @param {RecordingBox} box */
const edges = (box) => [box.time_start_sec, box.time_end_sec, box.freq_low_hz, box.freq_high_hz];

/**
 * The hits that an address asks for: all of the archive, where it asks for something else.
 * @param {string} archive
 * @param {string[]} rest of the address, behind the archive
 * @returns {Filter}
 */
export function filterOf(archive, [kind, signalName, ...numbers]) {
  if (kind !== "hits") return { archive, signalName: null, stretch: null };
  const [fromSec, toSec] = numbers.map(Number);
  return {
    archive,
    signalName: !signalName || signalName === ANY ? null : signalName,
    stretch: toSec > fromSec ? { fromSec, toSec } : null,
  };
}

/** The example that an address names, null for none. @param {string[]} rest of the address, behind the archive @returns {Example | null} */
export function exampleOf([kind, name, ...numbers]) {
  const isHeld = kind === SIMILAR.held;
  if (!name || !(isHeld || kind === SIMILAR.archived)) return null;
  const [time_start_sec, time_end_sec, freq_low_hz, freq_high_hz] = numbers.map(Number);
  if (!(time_end_sec > time_start_sec && freq_high_hz > freq_low_hz)) return null;
  const box = { time_start_sec, time_end_sec, freq_low_hz, freq_high_hz };
  return { recording: isHeld ? null : name, recordingId: isHeld ? name : null, box };
}
