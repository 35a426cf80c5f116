// Curves over one axis, drawn by uPlot: they follow the theme and the size of their place.
import { theme } from "../settings.js";
import { html, useEffect, useRef, useSignal } from "../vendor/ui.js";
import uPlot from "../vendor/uplot.js";

const HEIGHT = 210;
/** Thickness and dashes of each kind of curve: one that lies on another still shows. */
const STROKES = { a: { width: 3, dash: [] }, b: { width: 2, dash: [9, 5] }, c: { width: 2, dash: [3, 4] } };
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const DARK = matchMedia("(prefers-color-scheme: dark)");

/**
 * @typedef {object} Curve
 * @property {string} label
 * @property {(number | null)[]} values one for each value of the axis
 * @property {"a" | "b" | "c"} color of the three that stand apart
 */

/** @typedef {{x: number, label: string}} Mark A vertical line, which the caption explains. */

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.description what the curves show, in words
 * @param {string} props.xLabel
 * @param {number[]} props.x
 * @param {Curve[]} props.curves
 * @param {[number, number]} [props.xRange] default as far as the curves go
 * @param {[number, number]} [props.yRange] default as far as the curves go
 * @param {Mark[]} [props.marks]
 * @param {boolean} [props.restAtMark] whether the values at the mark are told, else the last ones
 * @param {boolean} [props.whole] whether values of the axis are whole numbers
 */
export function Chart({
  title,
  description,
  xLabel,
  x,
  curves,
  xRange,
  yRange,
  marks = [],
  restAtMark = false,
  whole = false,
}) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const plot = useRef(/** @type {uPlot | null} */ (null));
  const newest = useRef({ xRange, yRange, marks });
  newest.current = { xRange, yRange, marks };
  const pointed = useSignal(/** @type {number | null} */ (null));
  const dark = useSignal(DARK.matches);
  useEffect(() => {
    const changed = () => (dark.value = DARK.matches);
    DARK.addEventListener("change", changed);
    return () => DARK.removeEventListener("change", changed);
  }, []);
  useEffect(() => {
    const host = /** @type {HTMLElement} */ (place.current);
    const options = optionsOf(host, curves, { label: xLabel, whole }, newest, (index) => (pointed.value = index));
    const drawn = new uPlot(options, [x, ...curves.map(({ values }) => values)], host);
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: host.clientWidth, height: HEIGHT }));
    resized.observe(host);
    return () => {
      resized.disconnect();
      drawn.destroy();
    };
  }, [theme.value, dark.value, curves.map(({ label }) => label).join("\n"), xLabel]);
  useEffect(() => {
    plot.current?.setData([x, ...curves.map(({ values }) => values)]);
  }, [JSON.stringify([x, curves, marks, xRange, yRange])]);
  const resting = marks.length === 1 && restAtMark ? x.findLastIndex((value) => value <= marks[0].x) : -1;
  const shown = pointed.value ?? (resting < 0 ? x.length - 1 : resting);
  return html`
    <figure class="chart">
      <figcaption>
        <strong>${title}</strong>
        ${curves.map(
          ({ label, values, color }) => html`
            <span key=${label} class=${`chart-key chart-key-${color}`}>${label} <output>${inWords(values[shown])}</output></span>
          `,
        )}
        <span class="quiet">${x.length > 0 && `${xLabel} ${whole ? x[shown] : x[shown].toFixed(2)}`}</span>
        ${marks.map(({ label }) => html`<span key=${label} class="quiet mark">${label}</span>`)}
      </figcaption>
      <div ref=${place} role="img" aria-label=${`${title}. ${description}`}></div>
    </figure>
  `;
}

/** @param {number | null | undefined} value */
const inWords = (value) => (value == null ? "–" : Math.abs(value) < 1000 ? value.toPrecision(3) : value.toFixed(0));

/**
 * @param {HTMLElement} host
 * @param {Curve[]} curves
 * @param {{label: string, whole: boolean}} xAxis
 * @param {{current: {xRange?: [number, number], yRange?: [number, number], marks: Mark[]}}} newest
 * @param {(index: number | null) => void} onPoint
 * @returns {uPlot.Options}
 */
function optionsOf(host, curves, xAxis, newest, onPoint) {
  const [text, grid] = [resolved(host, "--quiet"), resolved(host, "--line")];
  const font = "12px system-ui, sans-serif";
  const axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    width: host.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: (_plot, low, high) => newest.current.xRange ?? [low, Math.max(high, low + 1e-9)] },
      y: { range: (_plot, low, high) => newest.current.yRange ?? uPlot.rangeNum(low ?? 0, high ?? 1, 0.1, true) },
    },
    axes: [
      {
        ...axis,
        label: xAxis.label,
        labelFont: font,
        labelSize: 18,
        size: 30,
        ...(xAxis.whole && { incrs: WHOLE_STEPS }),
      },
      { ...axis, size: 46 },
    ],
    series: [
      {},
      ...curves.map(({ label, color }) => ({
        label,
        stroke: resolved(host, `--curve-${color}`),
        ...STROKES[color],
        spanGaps: true,
        points: { show: (/** @type {uPlot} */ plot) => plot.data[0].length < 40, size: 5 },
      })),
    ],
    hooks: {
      setCursor: [
        (plot) => onPoint(plot.cursor.left == null || plot.cursor.left < 0 ? null : (plot.cursor.idx ?? null)),
      ],
      draw: [(plot) => drawMarks(plot, newest.current.marks, text)],
    },
  };
}

/** @param {uPlot} plot @param {Mark[]} marks @param {string} color */
function drawMarks({ ctx, bbox, valToPos }, marks, color) {
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const { x } of marks) {
    const at = Math.round(valToPos(x, "x", true));
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** The colour that a custom property has here. @param {HTMLElement} host @param {string} property */
function resolved(host, property) {
  host.style.color = `var(${property})`;
  const { color } = getComputedStyle(host);
  host.style.color = "";
  return color;
}
