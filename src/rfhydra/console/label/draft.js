// The boxes of a recording that are not saved yet, with undo and redo. They outlast a reload of the page.
/** @import {Extent} from "../parts/extent.js" */
import { computed, effect, signal } from "../vendor/ui.js";

const MOST_STEPS = 200;

/**
 * @typedef {object} Drawn A box that is not saved yet.
 * @property {number} id
 * @property {string} name of its signal; empty as long as it has none
 * @property {boolean} negative whether it is verified not to be that signal
 * @property {Extent} box
 */

/** The boxes of one recording, and what was done to them. */
export class Draft {
  /** @type {Drawn[][]} */
  #past = [];
  /** @type {Drawn[][]} */
  #future = [];
  #steps = signal(0);
  /** The box whose changes are one step of undo. @type {number | null} */
  #nudged = null;

  /** @param {string} recordingId */
  constructor(recordingId) {
    const key = keyOf(recordingId);
    this.boxes = signal(stored(key));
    /** Id of the box that keys change. */
    this.chosenId = signal(/** @type {number | null} */ (null));
    this.chosen = computed(() => this.boxes.value.find(({ id }) => id === this.chosenId.value) ?? null);
    this.canUndo = computed(() => this.#steps.value >= 0 && this.#past.length > 0);
    this.canRedo = computed(() => this.#steps.value >= 0 && this.#future.length > 0);
    effect(() => {
      if (this.boxes.value.length) sessionStorage.setItem(key, JSON.stringify(this.boxes.value));
      else sessionStorage.removeItem(key);
    });
  }

  /** Adds a box and chooses it. @param {Omit<Drawn, "id">} drawn @returns {number} its id */
  add(drawn) {
    this.addAll([drawn]);
    const { id } = this.boxes.value[this.boxes.value.length - 1];
    this.chosenId.value = id;
    return id;
  }

  /** Adds boxes in one step. @param {Omit<Drawn, "id">[]} boxes */
  addAll(boxes) {
    const lastId = this.#known().reduce((most, { id }) => Math.max(most, id), 0);
    this.#become([...this.boxes.value, ...boxes.map((drawn, place) => ({ ...drawn, id: lastId + 1 + place }))]);
  }

  /**
   * @param {number} id
   * @param {Partial<Omit<Drawn, "id">>} changes
   * @param {boolean} [nudge] whether it is one of many small changes that one undo takes back
   */
  change(id, changes, nudge = false) {
    const goesOn = nudge && this.#nudged === id;
    const past = this.#past;
    this.#become(this.boxes.value.map((drawn) => (drawn.id === id ? { ...drawn, ...changes } : drawn)));
    if (goesOn) this.#past = past;
    this.#nudged = nudge ? id : null;
  }

  /** @param {number} id */
  remove(id) {
    this.#become(this.boxes.value.filter((drawn) => drawn.id !== id));
  }

  undo() {
    const before = this.#past.pop();
    if (!before) return;
    this.#future.push(this.boxes.value);
    this.#show(before);
  }

  redo() {
    const after = this.#future.pop();
    if (!after) return;
    this.#past.push(this.boxes.value);
    this.#show(after);
  }

  /** Forgets boxes that were saved, and with them what was done before. @param {Drawn[]} saved */
  saved(saved) {
    this.#past = [];
    this.#future = [];
    this.#show(this.boxes.value.filter((drawn) => !saved.includes(drawn)));
  }

  /** All boxes that an undo or redo can bring back, so that no two get the same id. */
  #known() {
    return [...this.#past, ...this.#future, this.boxes.value].flat();
  }

  /** @param {Drawn[]} boxes */
  #become(boxes) {
    this.#past = [...this.#past, this.boxes.value].slice(-MOST_STEPS);
    this.#future = [];
    this.#show(boxes);
  }

  /** @param {Drawn[]} boxes */
  #show(boxes) {
    this.boxes.value = boxes;
    this.#nudged = null;
    this.#steps.value++;
    if (!boxes.some(({ id }) => id === this.chosenId.value)) this.chosenId.value = null;
  }
}

/** How many boxes of a recording are not saved. @param {string} recordingId */
export const unsavedOf = (recordingId) => stored(keyOf(recordingId)).length;

/** @param {string} recordingId */
const keyOf = (recordingId) => `rfhydra-boxes-${recordingId}`;

/** @param {string} key @returns {Drawn[]} */
function stored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "[]");
  } catch {
    return [];
  }
}
