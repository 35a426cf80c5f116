// Boxes that the server suggests in a recording: detections of the loaded heads, and proposals that no head claims.
/** @import {Candidate} from "#protocol" */
/** @import {Extent} from "../parts/extent.js" */
/** @import {Draft} from "./draft.js" */
import { ask } from "../state.js";
import { computed, signal } from "../vendor/ui.js";
import { fromWire, same, toWire } from "./boxes.js";

const MOST_PIECES = 16;
const MOST_OF_A_PART = 100;

/** @typedef {{id: number, box: Extent, name: string | null, score: number, threshold: number | null}} Suggestion */
/** @typedef {{box: Extent, name: string, negative: boolean}} Labelled */

export class Suggestions {
  #lastId = 0;
  #cancelled = false;

  /**
   * @param {string} recordingId
   * @param {Draft} draft
   * @param {import("../vendor/ui.js").Signal<Labelled[]>} saved boxes that samples have
   */
  constructor(recordingId, draft, saved) {
    this.recordingId = recordingId;
    this.draft = draft;
    const all = signal(/** @type {Suggestion[]} */ ([]));
    this.all = all;
    /** Those that wait for an answer, the most useful first: boxes that were accepted or rejected answer them. */
    this.open = computed(() => {
      const answers = [...draft.boxes.value, ...saved.value];
      return all.value.filter((suggestion) => !answers.some((box) => isAnswer(box, suggestion)));
    });
    this.chosenId = signal(/** @type {number | null} */ (null));
    this.chosen = computed(() => this.open.value.find(({ id }) => id === this.chosenId.value) ?? null);
    /** The share that is done of those being fetched, null while none are. */
    this.progress = signal(/** @type {number | null} */ (null));
    /** Whether they were fetched at all. */
    this.asked = signal(false);
  }

  /**
   * Fetches what the server suggests in a part, which may be longer than one command may look at: in pieces, of which
   * the most useful suggestions take turns.
   * @param {Extent} part
   * @param {number} mostS the longest piece, in seconds
   * @returns {Promise<Extent>} what was looked at
   */
  async fetch(part, mostS) {
    const count = Math.min(MOST_PIECES, Math.max(1, Math.ceil((part.stopS - part.startS) / mostS)));
    const lengthS = Math.min(mostS, (part.stopS - part.startS) / count);
    const lists = [];
    this.#cancelled = false;
    try {
      for (let piece = 0; piece < count && !this.#cancelled; piece++) {
        this.progress.value = piece / count;
        const startS = part.startS + piece * lengthS;
        const stretch = { ...part, startS, stopS: startS + lengthS };
        const fields = { recording_id: this.recordingId, max_candidates: MOST_OF_A_PART, ...toWire(stretch) };
        const answer = await ask("get_candidates", fields);
        lists.push(answer.candidates);
        this.#become(inTurns(lists));
      }
    } finally {
      this.progress.value = null;
      this.asked.value = true;
    }
    return { ...part, stopS: part.startS + lists.length * lengthS };
  }

  /** Ends the fetching after the piece that is under way. */
  cancel() {
    this.#cancelled = true;
  }

  /** Chooses the most useful one, or the one after that which is chosen. @returns {Suggestion | null} */
  next() {
    const open = this.open.value;
    const at = open.findIndex(({ id }) => id === this.chosenId.value);
    return this.choose(open[at + 1] ?? open[0] ?? null);
  }

  /** @param {Suggestion | null} suggestion */
  choose(suggestion) {
    this.chosenId.value = suggestion?.id ?? null;
    if (suggestion) this.draft.chosenId.value = null;
    return suggestion;
  }

  /**
   * Makes a box of the chosen one, and goes on to the next.
   * @param {Suggestion} suggestion
   * @param {string} name of the signal that it is, or is not
   * @param {boolean} negative whether it is verified not to be that signal
   * @returns {Suggestion | null} the next one
   */
  answer(suggestion, name, negative) {
    const open = this.open.value;
    const following = open[open.findIndex(({ id }) => id === suggestion.id) + 1]?.id;
    this.draft.add({ name, negative, box: suggestion.box });
    const next = this.open.value.find(({ id }) => id === following) ?? this.open.value[0] ?? null;
    return this.choose(next);
  }

  /** @param {Candidate[]} candidates */
  #become(candidates) {
    this.all.value = candidates.map((candidate) => ({
      id: ++this.#lastId,
      box: fromWire(candidate),
      name: candidate.signal_name,
      score: candidate.score,
      threshold: candidate.threshold,
    }));
  }
}

/**
 * Whether a labelled box answers a suggestion: it says what is there, or that it is not the suggested signal.
 * @param {Labelled} labelled
 * @param {Suggestion} suggestion
 */
const isAnswer = ({ box, name, negative }, suggestion) =>
  (!negative || suggestion.name === null || suggestion.name === name) && same(box, suggestion.box);

/** The first of each list, then the second of each, and so on. @template T @param {T[][]} lists @returns {T[]} */
function inTurns(lists) {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, place) => lists.flatMap((list) => list.slice(place, place + 1))).flat();
}
