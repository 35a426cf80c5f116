// The hits of an archive along one time axis, of which a stretch can be picked.
/** @import {ArchiveTimeline, TimelineRow} from "#protocol" */
/** @import {Filter, Stretch} from "./address.js" */
/** @import {Axis} from "./axis.js" */
import { colors } from "../colormaps.js";
import { counted, formatSeconds } from "../units.js";
import { html, useEffect, useRef, useSignal } from "../vendor/ui.js";
import { hitsAddress } from "./address.js";
import { StretchForm, StretchTable } from "./stretch.js";

const MARKS = 6;
/** Columns that a click picks on each side. */
const BESIDE = 2;
/** Of the colour map, from where there are hits: below are recordings without. */
const FIRST_COLOR = 90;
const RECORDED = [72, 84, 104];

/**
 * @param {object} props
 * @param {ArchiveTimeline} props.timeline
 * @param {Axis} props.axis
 * @param {Filter} props.filter
 */
export function Timeline({ timeline, axis, filter }) {
  const { rows, recorded_sec } = timeline;
  const most = Math.max(1, ...rows.flatMap(({ hits }) => hits));
  const pick = (/** @type {Stretch} */ stretch, /** @type {string | null} */ signalName = filter.signalName) =>
    (location.hash = hitsAddress({ archive: filter.archive, signalName, stretch }));
  return html`
    <section class="panel" aria-labelledby="timeline-title">
      <div class="toolbar">
        <h2 id="timeline-title" class="inline-title">Timeline</h2>
        <span class="quiet">${axis.startUtcSec === null ? "recordings one behind the other" : "UTC"}</span>
        <${StretchForm} key=${JSON.stringify(filter)} axis=${axis} filter=${filter} onPick=${pick} />
      </div>
      <div class="timeline">
        <div class="timeline-names">
          ${rows.map(({ signal_name: name }) => html`<${Name} key=${name} name=${name} filter=${filter} />`)}
          <span class="quiet timeline-recorded">recorded</span>
        </div>
        <${Plot} timeline=${timeline} axis=${axis} filter=${filter} most=${most} onPick=${pick} />
        <${Marks} axis=${axis} />
      </div>
      <p class="quiet timeline-legend">
        <span class="timeline-scale" aria-hidden="true"></span>
        Up to ${counted(most, "hit")} in ${formatSeconds(axis.durationSec / recorded_sec.length)}. Drag over a stretch, or press a place, to see its hits.
      </p>
      <${StretchTable} timeline=${timeline} axis=${axis} filter=${filter} />
    </section>
  `;
}

/** A signal, which its link picks or leaves. @param {{name: string, filter: Filter}} props */
function Name({ name, filter }) {
  const chosen = filter.signalName === name;
  return html`
    <a
      href=${hitsAddress({ ...filter, signalName: chosen ? null : name })}
      aria-current=${chosen ? "true" : undefined}
      title=${chosen ? "Show the hits of all signals" : `Show the hits of ${name}`}
    >
      ${name}
    </a>
  `;
}

/**
 * @param {object} props
 * @param {ArchiveTimeline} props.timeline
 * @param {Axis} props.axis
 * @param {Filter} props.filter
 * @param {number} props.most hits in a column
 * @param {(stretch: Stretch, signalName?: string | null) => void} props.onPick
 */
function Plot({ timeline, axis, filter, most, onPick }) {
  const { rows, recorded_sec } = timeline;
  const columns = recorded_sec.length;
  const dragged = useSignal(/** @type {{from: number, to: number} | null} */ (null));
  const columnAt = (/** @type {PointerEvent} */ event) => {
    const { left, width } = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    return Math.min(columns - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * columns)));
  };
  const onDown = (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    dragged.value = { from: columnAt(event), to: columnAt(event) };
  };
  const onMove = (/** @type {PointerEvent} */ event) => {
    if (dragged.value) dragged.value = { ...dragged.value, to: columnAt(event) };
  };
  const onUp = (/** @type {PointerEvent} */ event) => {
    if (!dragged.value) return;
    const { from, to } = dragged.value;
    dragged.value = null;
    if (from !== to) onPick(stretchOf(axis, columns, Math.min(from, to), Math.max(from, to)));
    else onPick(stretchOf(axis, columns, from - BESIDE, from + BESIDE), rowAt(event, rows) ?? filter.signalName);
  };
  const shown = dragged.value
    ? stretchOf(
        axis,
        columns,
        Math.min(dragged.value.from, dragged.value.to),
        Math.max(dragged.value.from, dragged.value.to),
      )
    : filter.stretch;
  return html`
    <div
      class="timeline-plot"
      role="img"
      aria-label=${`${rows.map(({ signal_name, hits }) => `${signal_name}: ${counted(total(hits), "hit")}`).join(", ")}. The table below has the same numbers.`}
      onPointerDown=${onDown}
      onPointerMove=${onMove}
      onPointerUp=${onUp}
      onPointerCancel=${() => (dragged.value = null)}
    >
      ${rows.map((row) => html`<${Row} key=${row.signal_name} row=${row} recorded=${recorded_sec} most=${most} />`)}
      <${Row} row=${null} recorded=${recorded_sec} most=${most} />
      ${shown && html`<div class="timeline-chosen" style=${place(axis, shown)}></div>`}
    </div>
  `;
}

/** The signal at a point. @param {PointerEvent} event @param {TimelineRow[]} rows @returns {string | undefined} */
function rowAt(event, rows) {
  const lines = [.../** @type {Element} */ (event.currentTarget).querySelectorAll("canvas")];
  const at = lines.findIndex((line) => event.clientY < line.getBoundingClientRect().bottom);
  return rows[at]?.signal_name;
}

/** @param {Axis} axis @param {number} columns @param {number} first @param {number} last @returns {Stretch} */
function stretchOf(axis, columns, first, last) {
  const edge = (/** @type {number} */ column) => (Math.min(columns, Math.max(0, column)) / columns) * axis.durationSec;
  return { fromSec: edge(first), toSec: edge(last + 1) };
}

/** @param {Axis} axis @param {Stretch} stretch */
const place = ({ durationSec }, { fromSec, toSec }) => ({
  left: `${(100 * fromSec) / durationSec}%`,
  width: `${(100 * (toSec - fromSec)) / durationSec}%`,
});

/** @param {number[]} hits */
export const total = (hits) => hits.reduce((sum, count) => sum + count, 0);

/**
 * The columns of a signal, or those that were recorded.
 * @param {{row: TimelineRow | null, recorded: number[], most: number}} props
 */
function Row({ row, recorded, most }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const pixels = context.createImageData(recorded.length, 1);
    recorded.forEach((seconds, column) => {
      const hits = row?.hits[column] ?? 0;
      const color = hits ? hitColor(hits, most) : RECORDED;
      pixels.data.set([...color.slice(0, 3), hits ? 255 : seconds > 0 ? (row ? 110 : 255) : 0], 4 * column);
    });
    context.putImageData(pixels, 0, 0);
  }, [row, recorded, most]);
  return html`<canvas ref=${canvas} class=${row ? "" : "timeline-recorded"} width=${recorded.length} height="1"></canvas>`;
}

const MAP = colors("viridis");

/** @param {number} hits at least 1 @param {number} most */
function hitColor(hits, most) {
  const share = most > 1 ? Math.log(hits) / Math.log(most) : 1;
  const level = Math.round(FIRST_COLOR + share * (255 - FIRST_COLOR));
  return [...MAP.subarray(4 * level, 4 * level + 3)];
}

/** @param {{axis: Axis}} props */
function Marks({ axis }) {
  return html`
    <div class="axis axis-time timeline-marks" aria-hidden="true">
      ${axis
        .marks(MARKS)
        .map(
          ({ sec, text }) =>
            html`<span key=${sec} style=${{ left: `${(100 * sec) / axis.durationSec}%` }}>${text}</span>`,
        )}
    </div>
  `;
}
