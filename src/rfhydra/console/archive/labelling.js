// Labelling of an emission of an archive: in a copy of what surrounds it, in which its box is drawn already.
/** @import {ArchivedBox} from "./address.js" */
import { cut, fromWire } from "../label/boxes.js";
import { Draft } from "../label/draft.js";
import { go } from "../router.js";
import { ask, server } from "../state.js";

/** The length of a copy: windows of the contract, of which samples are made, and the least in lengths of the box. */
const WINDOWS = 8;
const LENGTHS = 2;
const SAMPLE_BYTES = 8;
/** What is looked at to know the sample rate, at most. */
const LOOKED_AT_S = 0.05;

/**
 * Copies what surrounds an emission, and opens the copy with its box.
 * @param {string} archive
 * @param {ArchivedBox} emission
 * @param {string} name of its signal; empty where it has none
 */
export async function labelEmission(archive, emission, name) {
  const { recording, time_start_sec, time_end_sec } = emission;
  const lookedAt = { time_start_sec, time_end_sec: Math.min(time_end_sec, time_start_sec + LOOKED_AT_S) };
  const view = await ask("get_archived_view", { archive, recording, ...lookedAt, columns: 1, rows: 1 });
  const stretch = around(emission, view.freq_high_hz - view.freq_low_hz);
  const { recording: copy, time_start_sec: startS } = await ask("copy_archived", { archive, recording, ...stretch });
  const box = fromWire({ ...emission, time_start_sec: time_start_sec - startS, time_end_sec: time_end_sec - startS });
  const inside = cut(box, { ...box, startS: 0, stopS: copy.duration_sec });
  if (inside) new Draft(copy.recording_id).add({ name, negative: false, box: inside });
  go("label", copy.recording_id);
}

/** @param {ArchivedBox} emission @param {number} rateHz */
function around({ time_start_sec, time_end_sec }, rateHz) {
  const { cols, hop } = /** @type {{cols: number, hop: number}} */ (server.value?.spectrogram);
  const mostS = (server.value?.limits.max_excerpt_bytes ?? 0) / SAMPLE_BYTES / rateHz;
  const ownS = time_end_sec - time_start_sec;
  const lengthS = Math.min(mostS, Math.max((WINDOWS * cols * hop) / rateHz, LENGTHS * ownS));
  const start = Math.max(0, time_start_sec - Math.max(0, lengthS - ownS) / 2);
  return { time_start_sec: start, time_end_sec: start + lengthS };
}
