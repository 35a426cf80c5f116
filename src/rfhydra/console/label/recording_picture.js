// The pictures of a recording that the server has made: the whole, and a sharper one for each part that is looked at.
/** @import {RecordingInfo, RecordingView} from "#protocol" */
/** @import {Extent} from "../parts/extent.js" */
/** @import {SpectrumView} from "../parts/spectrum.js" */
import { Levels } from "../parts/levels.js";
import { bytesOf } from "../npy.js";
import { connection } from "../state.js";
import { signal } from "../vendor/ui.js";
import { toWire } from "./boxes.js";

/** How long the shown part stays the same before it is fetched: the longer, the more it costs the server. */
const SETTLED_MS = { least: 150, most: 1500 };
const SETTLED_SHARE = 0.25;
const KEPT = 8;
/** What is fetched beyond each edge, in shares of the shown part: small movements need no new picture. */
const MARGIN = 0.25;
/** How much coarser than the screen a picture may be before a sharper one is fetched. */
const COARSER = 1.6;
const MOST_SIDE = 4096;
const MOST_PIXELS = 2 ** 21;

/** @typedef {{seconds: number, hz: number}} PerPixel What a pixel of the screen shows. */
/** @typedef {{part: Extent, perPixel: PerPixel}} Wanted A part, and the pixels of the screen that it was asked for. */
/** @typedef {Wanted & {levels: Levels}} Fetched */

export class RecordingPicture {
  /** @type {Fetched | null} */
  #whole = null;
  /** The newest last. @type {Fetched[]} */
  #sharper = [];
  #timer = 0;
  /** Of a second of the recording, by the last picture. */
  #costMs = 0;
  #ended = false;

  /**
   * @param {RecordingInfo} recording
   * @param {SpectrumView} view whose levels it sets
   * @param {number | null} tuningHz centre frequency of the tuning that is shown; null for the one with the most samples
   * @param {() => void} onPicture called when another picture is shown
   */
  constructor(recording, view, tuningHz, onPicture) {
    this.recording = recording;
    this.view = view;
    this.tuningHz = tuningHz;
    this.onPicture = onPicture;
    this.busy = signal(false);
    this.error = signal("");
    /** The last view that the server sent, without its image. */
    this.shown = signal(/** @type {RecordingView | null} */ (null));
  }

  /** Fetches the whole, then what is shown, until the returned function is called. @returns {() => void} */
  start() {
    const ends = [this.view.extent, this.view.size].map((each) => each.subscribe(() => this.#changed()));
    return () => {
      this.#ended = true;
      clearTimeout(this.#timer);
      for (const end of ends) end();
    };
  }

  #changed() {
    if (this.#whole) this.#show();
    clearTimeout(this.#timer);
    const { startS, stopS } = this.view.extent.peek();
    const expectedMs = SETTLED_SHARE * this.#costMs * (stopS - startS);
    const settledMs = Math.min(SETTLED_MS.most, Math.max(SETTLED_MS.least, expectedMs));
    this.#timer = setTimeout(() => this.#fetch(), settledMs);
  }

  /** Fetches what is missing, one picture at a time: the newest part that is asked for. */
  async #fetch() {
    const wanted = this.#wanted();
    if (this.busy.peek() || this.#ended || !wanted) return;
    this.busy.value = true;
    try {
      const before = performance.now();
      const answer = await connection.ask("get_recording_view", wanted.fields);
      this.#costMs = (performance.now() - before) / (answer.time_end_sec - answer.time_start_sec);
      if (this.#ended) return;
      this.error.value = "";
      this.#keep(answer, wanted);
    } catch (error) {
      if (!this.#ended) this.error.value = /** @type {Error} */ (error).message;
      return;
    } finally {
      this.busy.value = false;
    }
    await this.#fetch();
  }

  /** Tries again after an error. */
  retry() {
    this.error.value = "";
    return this.#fetch();
  }

  /** What to fetch; null where the pictures suffice. */
  #wanted() {
    const size = this.view.size.peek();
    if (size.width <= 1) return null;
    const tuning = this.tuningHz == null ? {} : { center_freq_hz: this.tuningHz };
    const common = { recording_id: this.recording.recording_id, ...tuning };
    if (!this.#whole) return { part: null, fields: { ...common, ...sides(size.width, size.height) } };
    const shown = this.view.extent.peek();
    if (this.#sufficient(shown)) return null;
    const part = this.#widened(shown);
    const perPixel = this.#perPixel(shown);
    const fields = {
      ...common,
      ...toWire(part),
      ...sides((part.stopS - part.startS) / perPixel.seconds, (part.highHz - part.lowHz) / perPixel.hz),
    };
    return { part, perPixel, fields };
  }

  /** @param {RecordingView} answer @param {{part: Extent | null, perPixel?: PerPixel}} wanted */
  #keep(answer, { part, perPixel }) {
    const { rows, cols } = answer;
    const grid = {
      startS: answer.time_start_sec,
      secondsPerColumn: (answer.time_end_sec - answer.time_start_sec) / cols,
      topHz: answer.freq_high_hz,
      hzPerRow: (answer.freq_high_hz - answer.freq_low_hz) / rows,
      minDb: answer.min_db,
      maxDb: answer.max_db,
    };
    const levels = Levels.of(grid, rows, cols, bytesOf(answer.image_b64));
    this.shown.value = { ...answer, image_b64: "" };
    if (part && perPixel) this.#sharper = [...this.#sharper, { levels, part, perPixel }].slice(-KEPT);
    else this.#keepWhole(levels, answer);
    this.#show();
  }

  /** @param {Levels} levels @param {RecordingView} answer */
  #keepWhole(levels, { freq_low_hz, freq_high_hz }) {
    const whole = { startS: 0, stopS: this.recording.duration_sec, lowHz: freq_low_hz, highHz: freq_high_hz };
    this.view.whole.value = whole;
    this.#whole = { levels, part: whole, perPixel: this.#perPixel(whole) };
    if (!contains(whole, this.view.extent.peek())) this.view.extent.value = whole;
  }

  /** @param {Extent} part @returns {PerPixel} */
  #perPixel({ startS, stopS, lowHz, highHz }) {
    const { width, height } = this.view.size.peek();
    return { seconds: (stopS - startS) / width, hz: (highHz - lowHz) / height };
  }

  /** Shows the sharpest picture that covers the part. */
  #show() {
    const part = this.view.extent.peek();
    const whole = /** @type {Fetched} */ (this.#whole);
    const fitting = this.#sharper.filter((each) => contains(each.part, part));
    const { levels } = fitting.sort((one, other) => one.perPixel.seconds - other.perPixel.seconds)[0] ?? whole;
    if (this.view.levels.peek().levels === levels) return;
    this.view.levels.value = { levels };
    this.onPicture();
  }

  /** Whether a picture was asked for the part at this magnification; samples may not resolve more. @param {Extent} part */
  #sufficient(part) {
    const { seconds, hz } = this.#perPixel(part);
    return [/** @type {Fetched} */ (this.#whole), ...this.#sharper].some(
      (each) =>
        contains(each.part, part) && each.perPixel.seconds <= COARSER * seconds && each.perPixel.hz <= COARSER * hz,
    );
  }

  /** @param {Extent} part @returns {Extent} */
  #widened({ startS, stopS, lowHz, highHz }) {
    const whole = this.view.whole.peek();
    const [seconds, hz] = [(stopS - startS) * MARGIN, (highHz - lowHz) * MARGIN];
    return {
      startS: Math.max(whole.startS, startS - seconds),
      stopS: Math.min(whole.stopS, stopS + seconds),
      lowHz: Math.max(whole.lowHz, lowHz - hz),
      highHz: Math.min(whole.highHz, highHz + hz),
    };
  }
}

/**
 * Columns and rows of a picture for an area of the screen, within the limits of the protocol.
 * @param {number} width in CSS pixels
 * @param {number} height
 */
function sides(width, height) {
  const [columns, rows] = [width * devicePixelRatio, height * devicePixelRatio];
  const less = Math.min(1, Math.sqrt(MOST_PIXELS / (columns * rows)));
  const side = (/** @type {number} */ pixels) => Math.min(MOST_SIDE, Math.max(1, Math.floor(pixels * less)));
  return { columns: side(columns), rows: side(rows) };
}

/** Whether one extent lies in another, but for rounding. @param {Extent} outer @param {Extent} inner */
function contains(outer, inner) {
  const [slackS, slackHz] = [(inner.stopS - inner.startS) * 1e-6, (inner.highHz - inner.lowHz) * 1e-6];
  return (
    outer.startS <= inner.startS + slackS &&
    outer.stopS >= inner.stopS - slackS &&
    outer.lowHz <= inner.lowHz + slackHz &&
    outer.highHz >= inner.highHz - slackHz
  );
}
