// The labelling of one recording: its picture, the boxes that it has, those that are drawn, and what happens to them.
/** @import {LabelledSignal, RecordingInfo} from "#protocol" */
/** @import {Extent} from "../parts/extent.js" */
/** @import {Labelled} from "./suggestions.js" */
import { say } from "../parts/notices.js";
import { makeView } from "../parts/spectrum.js";
import { setting } from "../settings.js";
import { act, ask, connection, server } from "../state.js";
import { computed, signal } from "../vendor/ui.js";
import { cut, fromWire, same, showing, toWire } from "./boxes.js";
import { BoxTool } from "./box_tool.js";
import { Draft } from "./draft.js";
import { Suggestions } from "./suggestions.js";

const MOST_PAGES = 20;
/** What is looked at for suggestions at once: the first ones are there soon. */
const WINDOWS_OF_A_PIECE = 8;
const NEGATION = "!";

/** The name of the signal that new boxes get. */
export const currentName = setting("label-name", "");
/** Whether new boxes are moved to the edges of the energy in them. */
export const snapping = setting("snap", true);

/** @typedef {Labelled & {isSample: boolean}} Known A box that samples have, or that the file states. */

export class Labelling {
  /** @param {RecordingInfo} recording */
  constructor(recording) {
    this.recording = recording;
    this.view = makeView();
    this.draft = new Draft(recording.recording_id);
    this.known = signal(/** @type {Known[]} */ ([]));
    /** Boxes that the file states, and that are neither samples nor drawn. */
    this.stated = computed(() => statedOnly(this.known.value, this.draft.boxes.value));
    this.suggestions = new Suggestions(recording.recording_id, this.draft, this.known);
    this.tool = new BoxTool(this.view, this.draft, this.onDrawn, this.onPress);
    /** What the last saving made of the signals. */
    this.saved = signal(/** @type {{signals: LabelledSignal[], warnings: string[]} | null} */ (null));
    /** Why the last saving was refused. */
    this.refusal = signal(/** @type {{code: string, message: string} | null} */ (null));
    /** Called where a box needs a name that the operator has not given. */
    this.onNameless = () => {};
  }

  get id() {
    return this.recording.recording_id;
  }

  /** Reads the boxes that samples have, and those that the file states. */
  async readKnown() {
    /** @type {Known[]} */
    const known = [];
    let cursor = null;
    for (let page = 0; page < MOST_PAGES; page++) {
      /** @type {import("#protocol").RecordingAnnotations} */
      const answer = await connection.ask("get_recording_annotations", {
        recording_id: this.id,
        ...(cursor && { cursor }),
      });
      for (const annotation of answer.annotations) {
        const label = annotation.label ?? "";
        const negative = label.startsWith(NEGATION);
        const name = negative ? label.slice(NEGATION.length) : label;
        known.push({ box: fromWire(annotation), name, negative, isSample: annotation.origin === "sample" });
      }
      cursor = answer.next_cursor;
      if (!cursor) break;
    }
    this.known.value = known;
  }

  /** @param {Extent} drawn */
  onDrawn = (drawn) => {
    const box = cut(drawn, this.view.whole.value);
    if (!box) return;
    this.suggestions.choose(null);
    const id = this.draft.add({ name: currentName.value, negative: false, box });
    if (!currentName.value) this.onNameless();
    if (snapping.value) act(() => this.snap(id));
  };

  /** Chooses the suggestion at a point, or offers to adjust the saved box there. @param {number} timeS @param {number} hz */
  onPress = (timeS, hz) => {
    const isHit = (/** @type {{box: Extent}} */ { box }) =>
      timeS >= box.startS && timeS <= box.stopS && hz >= box.lowHz && hz <= box.highHz;
    const hit = this.suggestions.open.value.find(isHit);
    this.suggestions.choose(hit ?? null);
    const saved = hit ? undefined : this.known.value.find(isHit);
    if (saved) this.#offer(saved);
    return hit !== undefined;
  };

  /** Offers to make a box to draw of one that is known. @param {Known} known */
  #offer({ box, name, negative, isSample }) {
    say(
      `${negative ? "Not " : ""}${name || "A box without a name"}, ${isSample ? "saved" : "as the file states"}.`,
      "info",
      {
        label: "Adjust",
        run: () => this.draft.add({ name: signalName(name), negative, box }),
      },
    );
  }

  /** Moves a box to the edges of the energy in it, unless it was changed meanwhile. @param {number} id */
  async snap(id) {
    const find = () => this.draft.boxes.value.find((drawn) => drawn.id === id);
    const before = find();
    if (!before) return;
    const { boxes } = await ask("snap_boxes", { recording_id: this.id, boxes: [toWire(before.box)] });
    const box = cut(fromWire(boxes[0]), this.view.whole.value);
    if (box && find()?.box === before.box && JSON.stringify(box) !== JSON.stringify(before.box))
      this.draft.change(id, { box });
  }

  /** Gives the chosen box, and those that are drawn next, a name. @param {string} name */
  rename(name) {
    currentName.value = name;
    const chosen = this.draft.chosen.value;
    if (chosen && chosen.name !== name) this.draft.change(chosen.id, { name });
  }

  /** Brings a box into the picture. @param {Extent} box */
  bring(box) {
    const { extent, whole, size } = this.view;
    extent.value = showing(extent.value, whole.value, size.value, box);
  }

  /** Fetches suggestions for what is shown. */
  async suggest() {
    if (!this.view.levels.value.levels) return;
    const { cols, hop } = /** @type {{cols: number, hop: number}} */ (server.value?.spectrogram);
    const windows = Math.min(WINDOWS_OF_A_PIECE, server.value?.limits.max_candidate_windows ?? 1);
    const windowS = (cols * hop) / this.recording.sample_rate_hz;
    const shown = this.view.extent.value;
    const lookedAt = await this.suggestions.fetch(shown, windows * windowS);
    if (lookedAt.stopS < shown.stopS - windowS)
      say("Only the first part of what is shown was looked at: magnify it, and ask again.", "warning");
    if (this.suggestions.open.value.length) this.next();
  }

  /** Shows the next suggestion. */
  next() {
    const suggestion = this.suggestions.next();
    if (suggestion) this.bring(suggestion.box);
  }

  /**
   * Answers the chosen suggestion, and shows the next one.
   * @param {boolean} negative whether it is verified not to be the signal
   */
  answer(negative) {
    const suggestion = this.suggestions.chosen.value;
    if (!suggestion) return;
    const name = suggestion.name ?? currentName.value;
    if (!name) {
      this.onNameless();
      say(negative ? "Name the signal that it is not." : "Name the signal that it is.");
      return;
    }
    const next = this.suggestions.answer(suggestion, name, negative);
    if (next) this.bring(next.box);
  }

  /** Makes boxes to label of those that the file states. */
  useAnnotations() {
    this.draft.addAll(this.stated.value);
  }

  /**
   * Labels all boxes on the server: all, or on an error none.
   * @param {boolean} [anyRate] whether a signal may get samples of another sample rate
   */
  async save(anyRate = false) {
    const boxes = this.draft.boxes.value;
    const nameless = boxes.find(({ name }) => !name);
    if (nameless) {
      this.draft.chosenId.value = nameless.id;
      this.bring(nameless.box);
      this.onNameless();
      say("This box has no name yet.", "warning");
      return;
    }
    const annotations = boxes.map(({ name, negative, box }) => ({ signal_name: name, negative, box: toWire(box) }));
    this.refusal.value = null;
    try {
      const answer = await connection.ask("label_recording", { recording_id: this.id, annotations, any_rate: anyRate });
      this.saved.value = answer;
      this.draft.saved(boxes);
    } catch (error) {
      const { code, message } = /** @type {import("../connection.js").CommandError} */ (error);
      this.refusal.value = { code, message };
      return;
    }
    await this.readKnown();
  }
}

/** @param {Known[]} known @param {Labelled[]} drawn @returns {Labelled[]} */
function statedOnly(known, drawn) {
  const labelled = [...known.filter(({ isSample }) => isSample), ...drawn];
  return known
    .filter(({ isSample }) => !isSample)
    .map(({ box, name, negative }) => ({ box, name: signalName(name), negative }))
    .filter((stated) => !labelled.some(({ box, name }) => name === stated.name && same(box, stated.box)));
}

/** A label of a file as the name of a signal, of which fewer characters are allowed. @param {string} label */
const signalName = (label) => label.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
