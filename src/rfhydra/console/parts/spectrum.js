// A spectrogram with axes: time to the right, frequency upwards, as in every picture of rfhydra. Zoom, pan, cursors.
/** @import {Signal, VNode} from "../vendor/ui.js" */
/** @import {ColorMap} from "../colormaps.js" */
/** @import {Extent, Size} from "./extent.js" */
/** @import {Levels} from "./levels.js" */
import { html, signal, useComputed, useEffect, useMemo, useRef } from "../vendor/ui.js";
import { alignedHz, formatDb, formatHz, formatSeconds } from "../units.js";
import { CanvasPicture } from "./canvas_picture.js";
import { hzAt, moved, ticks, timeAt, xOf, yOf, zoomed } from "./extent.js";
import { GlPicture, hasGraphicsCard } from "./gl_picture.js";

const ZOOM_STEP = 1.25;
const PAN_SHARE = 0.1;
const PIXELS_PER_TICK = { x: 110, y: 48 };

/** @typedef {{timeS: number, hz: number}} Point */
/** @typedef {{x: number, y: number}} Pixel Offset from the upper left corner of the picture, in CSS pixels. */

/**
 * @typedef {object} Tool What one pointer and keys do instead of moving the picture. Two fingers always magnify it.
 * @property {(at: Pixel, event: PointerEvent) => boolean} down whether the tool takes the drag that begins here
 * @property {(at: Pixel, event: PointerEvent) => void} move the drag goes on
 * @property {(at: Pixel, event: PointerEvent) => void} up the drag ends
 * @property {() => void} cancel the drag is given up
 * @property {(at: Pixel) => string} cursor the CSS cursor over a pixel, while nothing is dragged
 * @property {(event: KeyboardEvent) => boolean} key whether the tool takes a key
 */

/**
 * @typedef {object} SpectrumView What a spectrogram shows, shared with the parts around it.
 * @property {Signal<Extent>} extent the part that is shown
 * @property {Signal<Extent>} whole what there is
 * @property {Signal<{levels: Levels | null}>} levels a new object where columns were added
 * @property {Signal<{minDb: number, maxDb: number}>} range
 * @property {Signal<ColorMap>} colorMap
 * @property {Signal<Size>} size of the picture
 * @property {Signal<Point | null>} pointer
 * @property {Signal<Point[]>} cursors none, one, or two to measure between
 * @property {() => void} onPan called when the operator moves the picture
 */

/** @returns {SpectrumView} */
export function makeView() {
  const nothing = { startS: 0, stopS: 1, lowHz: 0, highHz: 1 };
  return {
    extent: signal(nothing),
    whole: signal(nothing),
    levels: signal(/** @type {{levels: Levels | null}} */ ({ levels: null })),
    range: signal({ minDb: -110, maxDb: -30 }),
    colorMap: signal(/** @type {ColorMap} */ ("viridis")),
    size: signal({ width: 1, height: 1 }),
    pointer: signal(/** @type {Point | null} */ (null)),
    cursors: signal(/** @type {Point[]} */ ([])),
    onPan: () => {},
  };
}

/**
 * @param {object} props
 * @param {SpectrumView} props.view
 * @param {string} props.label what it shows, for those who cannot see it
 * @param {number} [props.zeroS] time that the axis counts from
 * @param {(seconds: number, stepS: number) => string} [props.timeText] text of a time on the axis
 * @param {(seconds: number) => string} [props.clockText] absolute time, for the read-out
 * @param {Tool | null} [props.tool]
 * @param {VNode | VNode[] | null} [props.children] SVG elements above the picture
 */
export function Spectrum({ view, label, zeroS = 0, timeText = secondsText, clockText, tool = null, children }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const frame = useRef(/** @type {HTMLDivElement | null} */ (null));
  usePicture(view, canvas, frame);
  const gestures = useMemo(() => new Gestures(view), [view]);
  gestures.tool = tool;
  useWheel(frame, gestures);
  return html`
    <div class="spectrum">
      <${FrequencyAxis} view=${view} />
      <div
        class="spectrum-frame"
        ref=${frame}
        tabindex="0"
        role="application"
        aria-roledescription="spectrogram"
        aria-label=${`${label}. Arrow keys move it, plus and minus magnify, 0 shows the whole, c sets a cursor.`}
        onKeyDown=${gestures.onKey}
        onPointerDown=${gestures.onDown}
        onPointerMove=${gestures.onMove}
        onPointerUp=${gestures.onUp}
        onPointerCancel=${gestures.onCancel}
        onPointerLeave=${() => (view.pointer.value = null)}
        onDblClick=${() => !gestures.tool && (view.extent.value = view.whole.value)}
      >
        <canvas ref=${canvas}></canvas>
        <svg class="overlay" width="100%" height="100%">
          <${Cursors} view=${view} />
          ${children}
        </svg>
        <${ReadOut} view=${view} clockText=${clockText} />
      </div>
      <${TimeAxis} view=${view} zeroS=${zeroS} text=${timeText} />
    </div>
  `;
}

/**
 * Keeps the canvas at the size of its frame, and draws it when something changed: as soon as all that changes together
 * has, with what lies above it, so that both are seen in the same frame.
 * @param {SpectrumView} view
 * @param {{current: HTMLCanvasElement | null}} canvas
 * @param {{current: HTMLDivElement | null}} frame
 */
function usePicture(view, canvas, frame) {
  const scheduled = useRef(false);
  const picture = useRef(/** @type {GlPicture | CanvasPicture | null} */ (null));
  const draw = () => {
    scheduled.current = false;
    const { levels } = view.levels.peek();
    if (levels) picture.current?.draw(levels, view.extent.peek(), view.range.peek());
  };
  const schedule = () => {
    if (!scheduled.current) queueMicrotask(draw);
    scheduled.current = true;
  };
  useEffect(() => {
    const element = /** @type {HTMLCanvasElement} */ (canvas.current);
    picture.current = makePicture(element);
    const observer = new ResizeObserver(([{ contentRect }]) => {
      const { width, height } = contentRect;
      element.width = Math.max(1, Math.round(width * devicePixelRatio));
      element.height = Math.max(1, Math.round(height * devicePixelRatio));
      view.size.value = { width: Math.max(1, width), height: Math.max(1, height) };
      draw();
    });
    observer.observe(/** @type {HTMLDivElement} */ (frame.current));
    const ends = [
      view.colorMap.subscribe((name) => {
        picture.current?.setColors(name);
        schedule();
      }),
      ...[view.levels, view.extent, view.range].map((each) => each.subscribe(schedule)),
    ];
    return () => {
      for (const end of ends) end();
      observer.disconnect();
      picture.current?.release();
      picture.current = null;
    };
  }, [view]);
}

/** @param {HTMLCanvasElement} canvas */
function makePicture(canvas) {
  return hasGraphicsCard() ? new GlPicture(canvas) : new CanvasPicture(canvas);
}

/**
 * Listens to the wheel directly: the framework's listeners are passive in some browsers, and the page would scroll.
 * @param {{current: HTMLDivElement | null}} frame
 * @param {Gestures} gestures
 */
function useWheel(frame, gestures) {
  useEffect(() => {
    const element = /** @type {HTMLDivElement} */ (frame.current);
    element.addEventListener("wheel", gestures.onWheel, { passive: false });
    return () => element.removeEventListener("wheel", gestures.onWheel);
  }, [gestures]);
}

/** What pointers and keys do to the shown extent. */
class Gestures {
  /** @type {Map<number, Pixel>} */
  #pointers = new Map();
  /** The pointer whose drag the tool has. @type {number | null} */
  #held = null;

  /** @param {SpectrumView} view */
  constructor(view) {
    this.view = view;
    /** @type {Tool | null} */
    this.tool = null;
  }

  /** @param {WheelEvent} event */
  onWheel = (event) => {
    event.preventDefault();
    const factor = ZOOM_STEP ** Math.sign(event.deltaY || event.deltaX);
    const both = event.ctrlKey || event.metaKey;
    this.#zoom(this.#point(event), { time: event.shiftKey ? 1 : factor, hz: event.shiftKey || both ? factor : 1 });
  };

  /** @param {KeyboardEvent} event */
  onKey = (event) => {
    const { view } = this;
    if (this.tool?.key(event)) {
      event.preventDefault();
      return;
    }
    const { startS, stopS, lowHz, highHz } = view.extent.value;
    const [width, height] = [(stopS - startS) * PAN_SHARE, (highHz - lowHz) * PAN_SHARE];
    const middle = { timeS: (startS + stopS) / 2, hz: (lowHz + highHz) / 2 };
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowLeft: () => this.#pan(-width, 0),
      ArrowRight: () => this.#pan(width, 0),
      ArrowUp: () => this.#pan(0, height),
      ArrowDown: () => this.#pan(0, -height),
      "+": () => this.#zoom(view.pointer.value ?? middle, { time: 1 / ZOOM_STEP, hz: 1 / ZOOM_STEP }),
      "-": () => this.#zoom(view.pointer.value ?? middle, { time: ZOOM_STEP, hz: ZOOM_STEP }),
      0: () => (view.extent.value = view.whole.value),
      c: () => this.setCursor(view.pointer.value ?? middle),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  };

  /** @param {PointerEvent} event */
  onDown = (event) => {
    const at = this.#pixel(event);
    if (this.#held !== null) this.#letGo();
    this.#pointers.set(event.pointerId, at);
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    const first = this.#pointers.size === 1 && event.button === 0;
    if (first && this.tool?.down(at, event)) this.#held = event.pointerId;
  };

  /** @param {PointerEvent} event */
  onMove = (event) => {
    this.view.pointer.value = this.#point(event);
    const at = this.#pixel(event);
    const before = this.#pointers.get(event.pointerId);
    if (before) this.#drag(event, before, at);
    else if (event.currentTarget instanceof HTMLElement) event.currentTarget.style.cursor = this.tool?.cursor(at) ?? "";
  };

  /** @param {PointerEvent} event */
  onUp = (event) => {
    this.#pointers.delete(event.pointerId);
    if (this.#held !== event.pointerId) return;
    this.#held = null;
    this.tool?.up(this.#pixel(event), event);
  };

  /** @param {PointerEvent} event */
  onCancel = (event) => {
    this.#pointers.delete(event.pointerId);
    if (this.#held === event.pointerId) this.#letGo();
  };

  /** Sets the first or second cursor, or removes both. @param {Point} point */
  setCursor(point) {
    const { cursors } = this.view;
    cursors.value = cursors.value.length < 2 ? [...cursors.value, point] : [];
  }

  #letGo() {
    this.#held = null;
    this.tool?.cancel();
  }

  /** @param {PointerEvent} event @param {Pixel} before @param {Pixel} at */
  #drag(event, before, at) {
    const { startS, stopS, lowHz, highHz } = this.view.extent.value;
    const { width, height } = this.view.size.value;
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (this.#held === event.pointerId) this.tool?.move(at, event);
    else if (other) this.#pinch(event, before, at, other);
    else this.#pan(((before.x - at.x) / width) * (stopS - startS), ((at.y - before.y) / height) * (highHz - lowHz));
    this.#pointers.set(event.pointerId, at);
  }

  /** @param {PointerEvent} event @param {Pixel} before @param {Pixel} at @param {Pixel} other */
  #pinch(event, before, at, other) {
    const factor = (/** @type {number} */ was, /** @type {number} */ is) =>
      Math.abs(was) > 20 && Math.abs(is) > 20 ? Math.abs(was / is) : 1;
    const factors = {
      time: factor(before.x - other.x, at.x - other.x),
      hz: factor(before.y - other.y, at.y - other.y),
    };
    this.#zoom(this.#point(event), factors);
  }

  /** @param {Point} at @param {{time: number, hz: number}} factors */
  #zoom(at, factors) {
    this.view.extent.value = zoomed(this.view.extent.value, this.view.whole.value, at, factors);
  }

  /** @param {number} seconds @param {number} hz */
  #pan(seconds, hz) {
    this.view.onPan();
    this.view.extent.value = moved(this.view.extent.value, this.view.whole.value, seconds, hz);
  }

  /** @param {PointerEvent | WheelEvent} event @returns {Pixel} */
  #pixel(event) {
    const { left, top } = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** @param {PointerEvent | WheelEvent} event @returns {Point} */
  #point(event) {
    const { x, y } = this.#pixel(event);
    const { extent, size } = this.view;
    return { timeS: timeAt(extent.value, size.value, x), hz: hzAt(extent.value, size.value, y) };
  }
}

/** @param {{view: SpectrumView}} props */
function FrequencyAxis({ view }) {
  const { lowHz, highHz } = view.extent.value;
  const { height } = view.size.value;
  const { values, step } = ticks(lowHz, highHz, height / PIXELS_PER_TICK.y);
  return html`
    <div class="axis axis-frequency" aria-hidden="true">
      ${values.map(
        (hz) => html`<span key=${hz} style=${{ top: `${yOf(view.extent.value, view.size.value, hz)}px` }}>
          ${alignedHz(hz, step)}
        </span>`,
      )}
    </div>
  `;
}

/** @param {{view: SpectrumView, zeroS: number, text: (seconds: number, stepS: number) => string}} props */
function TimeAxis({ view, zeroS, text }) {
  const { startS, stopS } = view.extent.value;
  const { width } = view.size.value;
  const { values, step } = ticks(startS - zeroS, stopS - zeroS, width / PIXELS_PER_TICK.x);
  return html`
    <div class="axis axis-time" aria-hidden="true">
      ${values.map(
        (
          timeS,
        ) => html`<span key=${timeS} style=${{ left: `${xOf(view.extent.value, view.size.value, zeroS + timeS)}px` }}>
          ${text(timeS, step)}
        </span>`,
      )}
    </div>
  `;
}

/** @param {number} seconds @param {number} stepS */
function secondsText(seconds, stepS) {
  const digits = Math.max(1, Math.ceil(Math.log10(Math.max(Math.abs(seconds), stepS) / stepS)) + 1);
  return formatSeconds(Math.abs(seconds) < stepS / 1e6 ? 0 : seconds, digits);
}

/** @param {{view: SpectrumView}} props */
function Cursors({ view }) {
  const { width, height } = view.size.value;
  return view.cursors.value.map(({ timeS, hz }, number) => {
    const x = xOf(view.extent.value, view.size.value, timeS);
    const y = yOf(view.extent.value, view.size.value, hz);
    return html`
      <g key=${number} class="cursor">
        <line x1=${x} x2=${x} y1="0" y2=${height} />
        <line x1="0" x2=${width} y1=${y} y2=${y} />
        <text x=${x + 4} y="14">${number ? "B" : "A"}</text>
      </g>
    `;
  });
}

/** @param {{view: SpectrumView, clockText?: (seconds: number) => string}} props */
function ReadOut({ view, clockText }) {
  const text = useComputed(() => {
    const [first, second] = view.cursors.value;
    const point = view.pointer.value;
    if (first && second)
      return `A–B  ${formatSeconds(Math.abs(second.timeS - first.timeS), 4)}  ${formatHz(Math.abs(second.hz - first.hz), 4)}`;
    if (!point) return "";
    const db = view.levels.value.levels?.db(point.timeS, point.hz);
    const clock = clockText ? `  ${clockText(point.timeS)}` : "";
    return `${formatHz(point.hz, 7)}  ${formatSeconds(point.timeS, 5)}${clock}  ${formatDb(db)}`;
  });
  return html`<output class="read-out" hidden=${!text.value}>${text}</output>`;
}

/** Buttons for what gestures do, for those who do not know them. @param {{view: SpectrumView}} props */
export function ZoomButtons({ view }) {
  const gestures = useMemo(() => new Gestures(view), [view]);
  const press = (/** @type {string} */ key) => () => gestures.onKey(new KeyboardEvent("keydown", { key }));
  return html`
    <div class="button-group" role="group" aria-label="Zoom">
      <button type="button" title="Magnify (+)" aria-label="Magnify" onClick=${press("+")}>+</button>
      <button type="button" title="Reduce (-)" aria-label="Reduce" onClick=${press("-")}>−</button>
      <button type="button" title="Show the whole (0)" onClick=${press("0")}>Whole</button>
      <button type="button" title="Set a cursor; two measure (c)" onClick=${press("c")}>Cursor</button>
    </div>
  `;
}
