// The choice of a stretch of a timeline without a pointer: by its ends, or from a table of the hits.
/** @import {ArchiveTimeline} from "#protocol" */
/** @import {Filter, Stretch} from "./address.js" */
/** @import {Axis} from "./axis.js" */
import { say } from "../parts/notices.js";
import { formatSeconds } from "../units.js";
import { html } from "../vendor/ui.js";
import { hitsAddress } from "./address.js";

const PARTS = 10;

/**
 * @param {object} props
 * @param {Axis} props.axis
 * @param {Filter} props.filter
 * @param {(stretch: Stretch) => void} props.onPick
 */
export function StretchForm({ axis, filter, onPick }) {
  const { fromSec, toSec } = filter.stretch ?? { fromSec: 0, toSec: axis.durationSec };
  const isUtc = axis.startUtcSec !== null;
  const type = isUtc ? { type: "datetime-local", step: "0.001" } : { type: "number", step: "any", min: 0 };
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const [from, to] = ["from", "to"].map((name) => fromField(axis, String(given.get(name))));
    if (to > from) onPick({ fromSec: Math.max(0, from), toSec: to });
    else say("The stretch ends before it begins.", "error");
  };
  const unit = isUtc ? "UTC" : "s";
  return html`
    <form class="inline timeline-form" aria-label="Stretch" onSubmit=${submit}>
      <label>From <input name="from" required ...${type} value=${toField(axis, fromSec, Math.floor)} /></label>
      <label>to <input name="to" required ...${type} value=${toField(axis, toSec, Math.ceil)} /> ${unit}</label>
      <button type="submit">Show</button>
    </form>
  `;
}

/** A position as the value of a field, in milliseconds. @param {Axis} axis @param {number} sec @param {(ms: number) => number} round */
function toField({ startUtcSec }, sec, round) {
  const ms = round(Number((1000 * ((startUtcSec ?? 0) + sec)).toFixed(3)));
  return startUtcSec === null ? String(ms / 1000) : new Date(ms).toISOString().slice(0, -1);
}

/** @param {Axis} axis @param {string} value */
const fromField = ({ startUtcSec }, value) =>
  startUtcSec === null ? Number(value) : Date.parse(`${value}Z`) / 1000 - startUtcSec;

/**
 * The numbers of a timeline, in fewer parts.
 * @param {{timeline: ArchiveTimeline, axis: Axis, filter: Filter}} props
 */
export function StretchTable({ timeline: { rows, recorded_sec }, axis, filter }) {
  const columns = recorded_sec.length;
  const edges = Array.from({ length: PARTS + 1 }, (_, part) => Math.round((part * columns) / PARTS));
  const sum = (/** @type {number[]} */ values, /** @type {number} */ part) =>
    values.slice(edges[part], edges[part + 1]).reduce((before, value) => before + value, 0);
  const sec = (/** @type {number} */ column) => (column / columns) * axis.durationSec;
  return html`
    <details>
      <summary>The same as a table</summary>
      <div class="timeline-table">
        <table>
          <caption class="visually-hidden">Hits by stretch</caption>
          <thead>
            <tr>
              <th scope="col">stretch</th>
              <th scope="col" class="number">recorded</th>
              ${rows.map(({ signal_name: name }) => html`<th key=${name} scope="col" class="number">${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${edges.slice(1).map((end, part) => {
              const stretch = { fromSec: sec(edges[part]), toSec: sec(end) };
              return html`
                <tr key=${part}>
                  <th scope="row"><a href=${hitsAddress({ ...filter, stretch })}>${axis.stretchText(stretch)}</a></th>
                  <td class="number">${formatSeconds(sum(recorded_sec, part))}</td>
                  ${rows.map(({ signal_name: name, hits }) => html`<td key=${name} class="number">${sum(hits, part)}</td>`)}
                </tr>
              `;
            })}
          </tbody>
        </table>
      </div>
    </details>
  `;
}
