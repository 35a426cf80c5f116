// The keys of the label view, beside those of the spectrogram.
/** @import {Labelling} from "./labelling.js" */
import { act } from "../state.js";
import { choicesOf } from "./name_field.js";
import { snapping } from "./labelling.js";

/** What each key does, for the operator. */
export const KEYS = [
  ["drag", "draw a box; on the chosen one, move or resize it"],
  ["Alt drag", "draw a box inside of the chosen one"],
  ["b", "draw a box in the middle"],
  ["Tab", "choose the next box"],
  ["arrows", "move the chosen box by a pixel, with Shift resize it"],
  ["Delete", "delete the chosen box"],
  ["1 to 9", "choose the signal"],
  ["s", "snap new boxes to the energy, or not"],
  ["Shift s", "snap the chosen box"],
  ["Ctrl z", "undo, with Shift redo"],
  ["g", "suggest boxes in what is shown"],
  ["n", "next suggestion"],
  ["Enter or a", "accept the suggestion"],
  ["x or r", "reject it: a verified negative"],
  ["Ctrl s", "save"],
  ["+ − 0", "magnify, reduce, show the whole"],
  ["wheel", "magnify time, with Shift frequency, with Ctrl both"],
];

/**
 * Listens to the keys until the returned function is called.
 * @param {Labelling} labelling
 * @returns {() => void}
 */
export function listen(labelling) {
  const choices = choicesOf(labelling);
  const { draft, suggestions, tool } = labelling;
  /** @type {Record<string, () => any>} */
  const plain = {
    b: () => tool.drawInMiddle(),
    s: () => (snapping.value = !snapping.value),
    S: () => draft.chosenId.value !== null && act(() => labelling.snap(/** @type {number} */ (draft.chosenId.value))),
    g: () => suggestions.progress.value === null && act(() => labelling.suggest()),
    n: () => labelling.next(),
    a: () => labelling.answer(false),
    Enter: () => labelling.answer(false),
    x: () => labelling.answer(true),
    r: () => labelling.answer(true),
  };
  /** @type {Record<string, (shift: boolean) => any>} */
  const controlled = {
    z: (shift) => (shift ? draft.redo() : draft.undo()),
    y: () => draft.redo(),
    s: () => draft.boxes.value.length && act(() => labelling.save()),
  };
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const { key, target } = event;
    if (!(target instanceof Element) || event.altKey || target.closest("dialog")) return;
    if (target.matches("input:not([type=checkbox]), select, textarea")) return;
    if (key === "Enter" && target.matches("button, a, summary")) return;
    const control = event.ctrlKey || event.metaKey;
    const digit = control ? undefined : choices.value[Number(key) - 1];
    const action = digit ? () => labelling.rename(digit) : control ? controlled[key.toLowerCase()] : plain[key];
    if (!action) return;
    event.preventDefault();
    action(event.shiftKey);
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}
