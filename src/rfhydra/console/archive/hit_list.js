// The hits of an archive, page by page.
/** @import {ArchiveHit} from "#protocol" */
/** @import {Filter} from "./address.js" */
/** @import {Axis} from "./axis.js" */
import { act, ask, connection } from "../state.js";
import { counted, formatShare } from "../units.js";
import { html, useEffect, useSignal } from "../vendor/ui.js";
import { hitsAddress } from "./address.js";
import { Emission } from "./emission.js";

const PAGE = 24;

/** @typedef {{hits: ArchiveHit[], found: number, cursor: string | null}} Pages */

/**
 * The hits that a filter lets through. To be made anew for another filter.
 * @param {object} props
 * @param {Filter} props.filter
 * @param {Axis} props.axis
 */
export function HitList({ filter, axis }) {
  const pages = useSignal(/** @type {Pages | null} */ (null));
  const load = (/** @type {Pages | null} */ before) =>
    act(async () => {
      const { archive, signalName, stretch } = filter;
      const page = await ask("get_archive_hits", {
        archive,
        limit: PAGE,
        signal_name: signalName,
        from_sec: stretch?.fromSec ?? null,
        to_sec: stretch?.toSec ?? null,
        cursor: before?.cursor ?? null,
      });
      const hits = [...(before?.hits ?? []), ...page.hits];
      pages.value = { hits, found: page.found, cursor: page.next_cursor };
    });
  useEffect(() => {
    if (connection.state.value === "open" && !pages.peek()) load(null);
  }, [connection.state.value]);
  const known = pages.value;
  return html`
    <div class="toolbar">
      <h2 class="inline-title">Hits</h2>
      <${Chosen} filter=${filter} axis=${axis} />
      <span class="quiet" role="status">${known && shownText(known)}</span>
    </div>
    ${!known && html`<p class="hint">Loading…</p>`}
    ${known?.found === 0 && html`<p class="hint">${emptyText(filter)}</p>`}
    <ul class="sheet emissions" aria-label="Hits">
      ${known?.hits.map(
        (hit, place) => html`
          <${Emission} key=${place} archive=${filter.archive} emission=${hit}>
            <span class="quiet">score ${formatShare(hit.score)}</span>
          <//>
        `,
      )}
    </ul>
    ${known?.cursor && html`<button type="button" onClick=${() => load(known)}>Show more</button>`}
  `;
}

/** @param {Pages} pages */
const shownText = ({ hits, found }) =>
  hits.length < found ? `${hits.length} of ${counted(found, "hit")}, by time` : `${counted(found, "hit")}, by time`;

/** @param {Filter} filter */
function emptyText({ signalName, stretch }) {
  const where = stretch ? "in this stretch" : "in this archive";
  return signalName ? `${signalName} was not detected ${where}.` : `Nothing was detected ${where}.`;
}

/** What the hits are filtered by, with links that take it back. @param {{filter: Filter, axis: Axis}} props */
function Chosen({ filter, axis }) {
  const { signalName, stretch } = filter;
  return html`
    ${
      signalName !== null &&
      html`<a class="tag" href=${hitsAddress({ ...filter, signalName: null })} title="Show all signals">
      ${signalName}<span aria-hidden="true"> ×</span><span class="visually-hidden"> only: show all signals</span>
    </a>`
    }
    ${
      stretch !== null &&
      html`<a class="tag" href=${hitsAddress({ ...filter, stretch: null })} title="Show the whole time">
      ${axis.stretchText(stretch)}<span aria-hidden="true"> ×</span>
      <span class="visually-hidden"> only: show the whole time</span>
    </a>`
    }
  `;
}
