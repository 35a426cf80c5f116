// The waterfall of a live stream: frames of the server become columns of levels.
/** @import {WaterfallFrame} from "../frames.js" */
import { Levels } from "./levels.js";

/** What the console asks the server for: levels wide enough that contrast is chosen here, without asking again. */
export const WATERFALL = { min_db: -150, max_db: 0, columns_per_frame: 2 };

/** Collects the frames of one stream. A change of rate, frequency or size begins anew. */
export class LiveLevels {
  /** @param {number} keptS seconds that are kept */
  constructor(keptS) {
    this.keptS = keptS;
    /** @type {Levels | null} */
    this.levels = null;
    this.nextSample = 0;
    this.key = "";
    this.droppedFrames = 0;
  }

  /**
   * Adds a frame.
   * @param {WaterfallFrame} frame
   * @returns {boolean} whether the picture begins anew
   */
  add(frame) {
    const key = [
      frame.sampleRateHz,
      frame.centerFreqHz,
      frame.rows,
      frame.samplesPerColumn,
      frame.minDb,
      frame.maxDb,
    ].join();
    const begins = key !== this.key || !this.levels || frame.startSample < this.nextSample - frame.samplesPerColumn;
    if (begins) this.#begin(frame, key);
    const levels = /** @type {Levels} */ (this.levels);
    const lost = Math.round((frame.startSample - this.nextSample) / frame.samplesPerColumn);
    if (!begins && lost > 0) levels.skip(lost);
    levels.append(frame.pixels, frame.columns);
    this.nextSample = frame.startSample + frame.columns * frame.samplesPerColumn;
    this.droppedFrames += frame.dropped;
    return begins;
  }

  /** @param {WaterfallFrame} frame @param {string} key */
  #begin(frame, key) {
    const secondsPerColumn = frame.samplesPerColumn / frame.sampleRateHz;
    const hzPerRow = frame.sampleRateHz / frame.rows;
    // Row r of n is the bin centred n / 2 - 1 - r bin widths above the centre frequency.
    const topHz = frame.centerFreqHz + (frame.rows / 2 - 0.5) * hzPerRow;
    const startS = frame.startSample / frame.sampleRateHz;
    const capacity = Math.min(8192, Math.max(64, Math.round(this.keptS / secondsPerColumn)));
    const { minDb, maxDb } = frame;
    this.key = key;
    this.nextSample = frame.startSample;
    this.levels = new Levels({ startS, secondsPerColumn, topHz, hzPerRow, minDb, maxDb }, frame.rows, capacity);
  }
}
