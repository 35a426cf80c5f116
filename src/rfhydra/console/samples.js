// Pictures of stored samples, read once and kept for as long as there is room.
/** @import {TrainingSample} from "#protocol" */
import { connection } from "./state.js";

const KEPT = 48;
const AT_A_TIME = 2;

/** @type {Map<string, Promise<TrainingSample["sample"]>>} */
const kept = new Map();
/** @type {(() => void)[]} */
const waiting = [];
let reading = 0;

/**
 * A sample with its spectrogram.
 * @param {string} sampleId
 * @returns {Promise<TrainingSample["sample"]>} rejects where it was deleted or there is no connection
 */
export function readSample(sampleId) {
  const known = kept.get(sampleId) ?? read(sampleId);
  kept.delete(sampleId); // the last used are last
  kept.set(sampleId, known);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  return known;
}

/** @param {string} sampleId */
async function read(sampleId) {
  if (reading >= AT_A_TIME) await new Promise((resolve) => waiting.push(() => resolve(null)));
  reading++;
  try {
    return (await connection.ask("get_training_sample", { sample_id: sampleId, include_spectrogram: true })).sample;
  } catch (error) {
    kept.delete(sampleId); // asked again the next time
    throw error;
  } finally {
    reading--;
    waiting.shift()?.();
  }
}
