// Pictures of boxes in recordings, with a little of what surrounds them.
/** @import {ArchivedView, RecordingBox, RecordingView} from "#protocol" */
/** @import {Picture} from "../npy.js" */
/** @import {PixelBox} from "../parts/thumbnail.js" */
/** @import {Example} from "./address.js" */
import { keptReader } from "../kept_reader.js";
import { bytesOf } from "../npy.js";
import { archives, connection } from "../state.js";

/** What is shown beside a box, in shares of it. */
const MARGIN = 0.8;
const SIZE = { columns: 240, rows: 144 };

/** @typedef {Picture & {box: PixelBox}} BoxPicture The box is in pixels. */

const readByKey = keptReader(async (key) => {
  const { archive, recording, recordingId, box } = JSON.parse(key);
  const part = { ...surroundings(box), ...SIZE };
  const view =
    recording === null
      ? await connection.ask("get_recording_view", { recording_id: recordingId, ...part })
      : await connection.ask("get_archived_view", { archive, recording, ...part });
  return pictureOf(view, box);
});

/**
 * The picture of a box.
 * @param {string} archive
 * @param {Example} example
 * @returns {Promise<BoxPicture>} rejects where the recording cannot be read or there is no connection
 */
export function readPicture(archive, { recording, recordingId, box }) {
  const scanned = archives.value?.find((each) => each.archive === archive)?.result?.scanned_at; // a file may be another
  return readByKey(JSON.stringify({ archive, recording, recordingId, box, scanned }));
}

/** @param {RecordingBox} box */
function surroundings({ time_start_sec, time_end_sec, freq_low_hz, freq_high_hz }) {
  const [seconds, hz] = [MARGIN * (time_end_sec - time_start_sec), MARGIN * (freq_high_hz - freq_low_hz)];
  return {
    time_start_sec: Math.max(0, time_start_sec - seconds),
    time_end_sec: time_end_sec + seconds,
    freq_low_hz: freq_low_hz - hz,
    freq_high_hz: freq_high_hz + hz,
  };
}

/** @param {ArchivedView | RecordingView} view @param {RecordingBox} box @returns {BoxPicture} */
function pictureOf({ rows, cols, image_b64, ...view }, box) {
  const x = (/** @type {number} */ sec) =>
    ((sec - view.time_start_sec) / (view.time_end_sec - view.time_start_sec)) * cols;
  const y = (/** @type {number} */ hz) => ((view.freq_high_hz - hz) / (view.freq_high_hz - view.freq_low_hz)) * rows;
  return {
    rows,
    columns: cols,
    pixels: bytesOf(image_b64),
    box: {
      x_min: x(box.time_start_sec),
      x_max: x(box.time_end_sec),
      y_min: y(box.freq_high_hz),
      y_max: y(box.freq_low_hz),
    },
  };
}
