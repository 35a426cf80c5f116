// Archive: folders of recordings that the server scans, what was found in them, and search by example.
/** @import {ArchiveInfo} from "#protocol" */
import { exampleOf, filterOf } from "../archive/address.js";
import { Axis } from "../archive/axis.js";
import { HitList } from "../archive/hit_list.js";
import { ScanPanel } from "../archive/scan_panel.js";
import { SimilarList } from "../archive/similar_list.js";
import { Timeline } from "../archive/timeline.js";
import { Pending, useAnswer } from "../parts/answer.js";
import { say } from "../parts/notices.js";
import { addressOf, go, route } from "../router.js";
import { archives, connection } from "../state.js";
import { counted } from "../units.js";
import { html, useMemo } from "../vendor/ui.js";

const COLUMNS = 400;

connection.on("scan_complete", ({ archive, result }) =>
  tellEnd(archive, `${counted(result.recordings, "recording")} scanned`, "good"),
);
connection.on("scan_failed", ({ archive, code }) => {
  if (code !== "cancelled") tellEnd(archive, "the scan ended without a result", "error");
});

/** Tells of the end of a scan in every view. @param {string} archive @param {string} text @param {import("../parts/notices.js").Kind} kind */
function tellEnd(archive, text, kind) {
  if (route.peek().view === "archive") return;
  say(`${archive}: ${text}.`, kind, { label: "Show", run: () => go("archive", archive) });
}

/** @param {{rest: string[]}} props */
export function Archive({ rest: [name, ...rest] }) {
  const known = archives.value;
  if (!known) return null;
  if (known.length === 0) return html`<${NoArchive} />`;
  const info = name ? known.find(({ archive }) => archive === name) : known[0];
  return html`
    <div class="toolbar">
      <h1>Archive</h1>
      <${Picker} known=${known} chosen=${info?.archive ?? ""} />
    </div>
    ${
      info
        ? html`<${Contents} key=${info.archive} info=${info} rest=${rest} />`
        : html`<p class="panel">The server has no archive ${name}. Choose another one.</p>`
    }
  `;
}

/** @param {{known: ArchiveInfo[], chosen: string}} props */
function Picker({ known, chosen }) {
  if (known.length === 1 && chosen) return html`<strong>${chosen}</strong>`;
  return html`
    <label>
      of
      <select value=${chosen} onChange=${(/** @type {any} */ event) => go("archive", event.currentTarget.value)}>
        ${!chosen && html`<option value="">choose one</option>`}
        ${known.map(({ archive }) => html`<option key=${archive} value=${archive}>${archive}</option>`)}
      </select>
    </label>
  `;
}

/** @param {{info: ArchiveInfo, rest: string[]}} props */
function Contents({ info, rest }) {
  const { archive, result } = info;
  const example = exampleOf(rest);
  if (example) return html`<${SimilarList} key=${JSON.stringify(example)} archive=${archive} example=${example} />`;
  return html`
    <div class="archive">
      <${ScanPanel} info=${info} />
      ${result && result.recordings > 0 && html`<${Hits} info=${info} rest=${rest} />`}
    </div>
  `;
}

/** @param {{info: ArchiveInfo, rest: string[]}} props */
function Hits({ info: { archive, result }, rest }) {
  const filter = filterOf(archive, rest);
  const scannedAt = result?.scanned_at;
  const answer = useAnswer(`${archive} ${scannedAt}`, () =>
    connection.ask("get_archive_timeline", { archive, columns: COLUMNS }),
  );
  const timeline = answer.value;
  const axis = useMemo(() => timeline && new Axis(timeline), [timeline]);
  if (!timeline || !axis)
    return html`<section class="panel"><${Pending} answer=${answer} text="Reading the timeline…" /></section>`;
  return html`
    <${Timeline} timeline=${timeline} axis=${axis} filter=${filter} />
    <section class="panel" aria-label="Hits">
      <${HitList} key=${JSON.stringify([filter, scannedAt])} filter=${filter} axis=${axis} />
    </section>
  `;
}

function NoArchive() {
  return html`
    <div class="empty">
      <h1>This server has no archive</h1>
      <p>
        An archive is a folder of recordings on the server. It is scanned for all signals with an active head, its hits lie
        on one timeline, and of any box the most similar emissions can be found in it.
      </p>
      <p>Give the server one when it is started: <code>rfhydra serve DIR --archive NAME=FOLDER</code></p>
      <p>For single recordings there is the <a href=${addressOf("label")}>Label view</a>.</p>
    </div>
  `;
}
