// Draws, moves and resizes boxes above a spectrogram, with a pointer or with keys.
/** @import {Extent} from "../parts/extent.js" */
/** @import {Pixel, SpectrumView, Tool} from "../parts/spectrum.js" */
/** @import {Draft, Drawn} from "./draft.js" */
import { hzAt, moved, timeAt } from "../parts/extent.js";
import { signal } from "../vendor/ui.js";
import { area, rectangle, resized } from "./boxes.js";

/** Least way of the pointer that is a drag, and not a press. */
const DRAG_PIXELS = 4;
/** Distance from an edge or handle at which it is meant: of a mouse or pen, and of a finger. */
const REACH_PIXELS = { fine: 7, touch: 20 };
const REPEATED_STEP = 3;

/** The handles of a box: where they lie, in shares of its width and height from the upper left corner. */
export const HANDLES = /** @type {const} */ ([
  { name: "nw", x: 0, y: 0 },
  { name: "n", x: 0.5, y: 0 },
  { name: "ne", x: 1, y: 0 },
  { name: "e", x: 1, y: 0.5 },
  { name: "se", x: 1, y: 1 },
  { name: "s", x: 0.5, y: 1 },
  { name: "sw", x: 0, y: 1 },
  { name: "w", x: 0, y: 0.5 },
]);

/** @typedef {(typeof HANDLES)[number]} Handle */
/** @typedef {{at: Pixel, drawn: Drawn | null, handle: Handle | null, pressed: Drawn | null}} Drag What is dragged, since where. */

/** @implements {Tool} */
export class BoxTool {
  /** @type {Drag | null} */
  #drag = null;
  #reach = REACH_PIXELS.fine;

  /**
   * @param {SpectrumView} view
   * @param {Draft} draft
   * @param {(box: Extent) => void} onDrawn
   * @param {(timeS: number, hz: number) => boolean} onPress whether something else than a box was meant
   */
  constructor(view, draft, onDrawn, onPress) {
    this.view = view;
    this.draft = draft;
    this.onDrawn = onDrawn;
    this.onPress = onPress;
    /** The box as the drag has it; of `id` null where it is new. */
    this.changing = signal(/** @type {{id: number | null, box: Extent} | null} */ (null));
  }

  /** @param {Pixel} at @param {PointerEvent} event */
  down(at, event) {
    if (!this.#isReady()) return false;
    this.#reach = event.pointerType === "touch" ? REACH_PIXELS.touch : REACH_PIXELS.fine;
    const handle = this.#handleAt(at);
    const pressed = handle ? null : this.#boxAt(at);
    const onChosen = pressed && pressed === this.draft.chosen.value && !event.altKey;
    this.#drag = { at, handle, pressed, drawn: handle || onChosen ? this.draft.chosen.value : null };
    return true;
  }

  /** @param {Pixel} at */
  move(at) {
    const drag = this.#drag;
    if (!drag || (!this.changing.value && Math.hypot(at.x - drag.at.x, at.y - drag.at.y) < DRAG_PIXELS)) return;
    this.changing.value = { id: drag.drawn?.id ?? null, box: this.#dragged(drag, at) };
  }

  up() {
    const drag = this.#drag;
    const changed = this.changing.value;
    this.cancel();
    if (!drag) return;
    if (!changed) this.#press(drag);
    else if (area(changed.box) === 0) return;
    else if (changed.id === null) this.onDrawn(changed.box);
    else this.draft.change(changed.id, { box: changed.box });
  }

  cancel() {
    this.#drag = null;
    this.changing.value = null;
  }

  /** @param {Pixel} at */
  cursor(at) {
    const handle = this.#handleAt(at);
    if (handle) return `${handle.name}-resize`;
    const pressed = this.#boxAt(at);
    if (!pressed) return "crosshair";
    return pressed === this.draft.chosen.value ? "move" : "pointer";
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { chosen, chosenId } = this.draft;
    if (!this.#isReady() || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Escape" && (this.#drag || chosen.value)) {
      if (this.#drag) this.cancel();
      else chosenId.value = null;
      return true;
    }
    if (!chosen.value) return false;
    if (event.key === "Delete" || event.key === "Backspace") this.draft.remove(chosen.value.id);
    else return this.#arrow(chosen.value, event);
    return true;
  }

  /** Draws a box in the middle of the picture, for keys to move. */
  drawInMiddle() {
    if (!this.#isReady()) return;
    const { startS, stopS, lowHz, highHz } = this.view.extent.value;
    const [tenthS, tenthHz] = [(stopS - startS) / 10, (highHz - lowHz) / 10];
    this.onDrawn({
      startS: startS + 4.5 * tenthS,
      stopS: stopS - 4.5 * tenthS,
      lowHz: lowHz + 4.5 * tenthHz,
      highHz: highHz - 4.5 * tenthHz,
    });
  }

  /** Whether there is a picture: before the first one, no time and frequency of a pixel is known. */
  #isReady() {
    return this.view.levels.peek().levels !== null;
  }

  /** Moves a box by a pixel, or with shift its right or upper edge. @param {Drawn} drawn @param {KeyboardEvent} event */
  #arrow({ id, box }, { key, shiftKey, repeat }) {
    const step = repeat ? REPEATED_STEP : 1;
    const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[key];
    if (!way) return false;
    const { extent, size, whole } = this.view;
    const seconds = (way[0] * (extent.value.stopS - extent.value.startS)) / size.value.width;
    const hz = (way[1] * (extent.value.highHz - extent.value.lowHz)) / size.value.height;
    const changed = shiftKey
      ? resized(box, { stopS: box.stopS + seconds, highHz: box.highHz + hz }, whole.value)
      : moved(box, whole.value, seconds, hz);
    if (area(changed) > 0) this.draft.change(id, { box: changed }, true);
    return true;
  }

  /** @param {Drag} drag @param {Pixel} at @returns {Extent} */
  #dragged({ at: from, drawn, handle }, at) {
    const { extent, size, whole } = this.view;
    const timeS = timeAt(extent.value, size.value, at.x);
    const hz = hzAt(extent.value, size.value, at.y);
    const since = { timeS: timeAt(extent.value, size.value, from.x), hz: hzAt(extent.value, size.value, from.y) };
    if (!drawn) return resized({ startS: since.timeS, stopS: timeS, lowHz: since.hz, highHz: hz }, {}, whole.value);
    if (!handle) return moved(drawn.box, whole.value, timeS - since.timeS, hz - since.hz);
    /** @type {Partial<Extent>} */
    const edges = {};
    if (handle.x === 0) edges.startS = timeS;
    if (handle.x === 1) edges.stopS = timeS;
    if (handle.y === 0) edges.highHz = hz;
    if (handle.y === 1) edges.lowHz = hz;
    return resized(drawn.box, edges, whole.value);
  }

  /** A press without a drag chooses the smallest box below it, or none. @param {Drag} drag */
  #press({ at, handle, pressed }) {
    if (handle) return;
    const { extent, size } = this.view;
    const elsewhere =
      !pressed && this.onPress(timeAt(extent.value, size.value, at.x), hzAt(extent.value, size.value, at.y));
    if (!elsewhere) this.draft.chosenId.value = pressed?.id ?? null;
  }

  /** The handle of the chosen box at a pixel; along an edge, the one in its middle. @param {Pixel} at @returns {Handle | null} */
  #handleAt(at) {
    const chosen = this.draft.chosen.value;
    if (!chosen) return null;
    const { x, y, width, height } = rectangle(this.view.extent.value, this.view.size.value, chosen.box);
    const [across, along] = [this.#side(x, width, at.x), this.#side(y, height, at.y)];
    return HANDLES.find((handle) => handle.x === across && handle.y === along) ?? null;
  }

  /**
   * Which side of an interval a pixel means: 0 the lower one, 1 the upper one, 0.5 what is between, null none. Most of a
   * small box is between, so that it can be moved.
   * @param {number} low
   * @param {number} length
   * @param {number} at
   */
  #side(low, length, at) {
    const inner = Math.min(this.#reach, length / 4);
    if (at < low - this.#reach || at > low + length + this.#reach) return null;
    if (at <= low + inner) return 0;
    return at >= low + length - inner ? 1 : 0.5;
  }

  /** The smallest box at a pixel. @param {Pixel} at @returns {Drawn | null} */
  #boxAt(at) {
    const { extent, size } = this.view;
    const slack = 2;
    const hit = this.draft.boxes.value.filter(({ box }) => {
      const { x, y, width, height } = rectangle(extent.value, size.value, box);
      return at.x >= x - slack && at.x <= x + width + slack && at.y >= y - slack && at.y <= y + height + slack;
    });
    return hit.sort((one, other) => area(one.box) - area(other.box))[0] ?? null;
  }
}
