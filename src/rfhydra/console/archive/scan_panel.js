// The scan of an archive: its start, how far it is, and what it has found.
/** @import {ArchiveInfo, ScanProgress, ScanResult} from "#protocol" */
import { boxColor } from "../colormaps.js";
import { WorkButton } from "../parts/work_button.js";
import { addressOf } from "../router.js";
import { ask, connection, registry, scan } from "../state.js";
import { counted, formatClock, formatTime } from "../units.js";
import { html, useSignal } from "../vendor/ui.js";
import { hitsAddress } from "./address.js";

/** @param {{info: ArchiveInfo}} props */
export function ScanPanel({ info }) {
  const { archive, result } = info;
  const excluded = useSignal(/** @type {Set<string>} */ (new Set()));
  const now = scan.value;
  const running = now && "seconds_done" in now ? now : null;
  const isScanned = running?.archive === archive;
  const names = Object.keys(registry.value).filter((name) => registry.value[name].active_version != null);
  const start = async (restart = false) => {
    const chosen = excluded.value.size ? names.filter((name) => !excluded.value.has(name)) : null;
    connection.deliver(await ask("start_scan", { archive, signal_names: chosen, restart }));
  };
  return html`
    <section class="panel" aria-labelledby="scan-title">
      <h2 id="scan-title">${result ? "What was found" : isScanned ? "First scan" : "This archive was not scanned yet"}</h2>
      ${result && html`<${Result} archive=${archive} result=${result} start=${start} disabled=${running !== null} />`}
      ${!result && !running && html`<p class="hint">${introduction(names.length)}</p>`}
      ${
        running && isScanned
          ? html`<${Progress} progress=${running} />`
          : html`
            <${Outcome} archive=${archive} start=${start} />
            ${
              running &&
              html`<p class="hint">
              The archive <a href=${addressOf("archive", running.archive)}>${running.archive}</a> is being scanned; one scan runs at a time.
            </p>`
            }
            <div class="toolbar">
              <${WorkButton} class=${result ? "" : "primary"} disabled=${running !== null} run=${() => start()}>
                ${result ? "Scan again" : "Scan"}
              <//>
              ${result && html`<span class="hint">Only recordings that are new or have changed are scanned.</span>`}
            </div>
            <${HeadChoice} names=${names} excluded=${excluded} />
          `
      }
    </section>
  `;
}

/** @param {number} heads */
const introduction = (heads) =>
  `A scan looks through every recording of the folder${heads ? ` for ${counted(heads, "signal")} with an active head` : ""}` +
  ", and keeps every emission, so that similar ones can be found by example. It can be cancelled, and goes on where it was.";

/** What is looked for. @param {{names: string[], excluded: import("../vendor/ui.js").Signal<Set<string>>}} props */
function HeadChoice({ names, excluded }) {
  if (names.length === 0) return null;
  const toggle = (/** @type {string} */ name) => {
    const next = new Set(excluded.value);
    if (!next.delete(name)) next.add(name);
    excluded.value = next;
  };
  return html`
    <details>
      <summary>Heads: ${excluded.value.size ? `${names.length - excluded.value.size} of ${names.length}` : "all"}</summary>
      <fieldset class="archive-heads">
        <legend class="visually-hidden">Signals to look for</legend>
        ${names.map(
          (name) => html`
            <label key=${name}>
              <input type="checkbox" checked=${!excluded.value.has(name)} onChange=${() => toggle(name)} />
              ${name} <span class="quiet">version ${registry.value[name].active_version}</span>
            </label>
          `,
        )}
      </fieldset>
    </details>
  `;
}

/** How far a scan is. @param {{progress: ScanProgress}} props */
function Progress({ progress }) {
  const { archive, seconds_done, seconds_total, recordings_done, recordings_total, failed, remaining_sec } = progress;
  const facts = [
    seconds_total != null && `${formatClock(seconds_done)} of ${formatClock(seconds_total)} of recording`,
    recordings_total != null && `${recordings_done} of ${counted(recordings_total, "recording")}`,
    failed > 0 && `${failed} could not be read`,
    remaining_sec != null && `about ${formatClock(remaining_sec)} left`,
  ].filter(Boolean);
  return html`
    <div class="archive-progress">
      <div class="toolbar">
        <strong role="status">${seconds_total == null ? "Looking through the folder…" : "Scanning"}</strong>
        <span class="quiet">${facts.join(", ")}</span>
        <${WorkButton} label=${`Cancel the scan of ${archive}`} run=${() => ask("cancel_scan", {})}>Cancel<//>
      </div>
      <progress
        aria-label=${`Scan of ${archive}`}
        max=${seconds_total || 1}
        value=${seconds_total == null ? undefined : seconds_done}
      ></progress>
    </div>
  `;
}

/** Why the last scan ended without a result. @param {{archive: string, start: (restart: boolean) => Promise<void>}} props */
function Outcome({ archive, start }) {
  const failure = scan.value;
  if (!failure || !("error" in failure) || failure.archive !== archive) return null;
  if (failure.code === "cancelled")
    return html`<p class="hint" role="status">The scan was cancelled. What is finished stays so; the next scan goes on with the rest.</p>`;
  if (failure.code !== "conflict") return html`<p class="error-text" role="alert">${failure.error}</p>`;
  return html`
    <p class="warning-text" role="alert">
      The former scan had other heads, another contract or another backbone. Its results are not mixed with those of
      this one: scan everything again, and forget the former results.
    </p>
    <p><${WorkButton} class="primary" run=${() => start(true)}>Scan everything again<//></p>
  `;
}

/**
 * @param {object} props
 * @param {string} props.archive
 * @param {ScanResult} props.result
 * @param {(restart: boolean) => Promise<void>} props.start
 * @param {boolean} props.disabled
 */
function Result({ archive, result, start, disabled }) {
  const { recordings, duration_sec, emissions, hits, versions, scanned_at } = result;
  return html`
    <p>
      ${counted(recordings, "recording")}, ${formatClock(duration_sec)} in all, ${counted(emissions, "emission")}.
      ${" "}<span class="quiet">Scanned ${formatTime(scanned_at)}.</span>
    </p>
    <ul class="archive-hits" aria-label="Hits by signal">
      ${Object.entries(hits).map(
        ([name, count]) => html`
          <li key=${name}>
            <a href=${hitsAddress({ archive, signalName: name, stretch: null })}>
              <span class="swatch" style=${{ background: boxColor(name) }}></span>${name}
            </a>
            <span class="quiet"> ${counted(count, "hit")}, version ${versions[name]}</span>
          </li>
        `,
      )}
    </ul>
    <${Failures} result=${result} />
    ${
      !result.is_searchable &&
      html`
      <p class="warning-text">
        The server has another contract or backbone now, so this archive cannot be searched by example until everything is
        scanned again.
      </p>
      <p><${WorkButton} disabled=${disabled} run=${() => start(true)}>Scan everything again<//></p>
    `
    }
  `;
}

/** Files that could not be scanned. @param {{result: ScanResult}} props */
function Failures({ result: { failed, failures } }) {
  if (failed === 0) return null;
  return html`
    <details class="archive-failures">
      <summary>${counted(failed, "file")} could not be scanned</summary>
      <ul>
        ${failures.map((failure) => html`<li key=${failure}>${failure}</li>`)}
      </ul>
      ${failures.length < failed && html`<p class="hint">And ${failed - failures.length} more.</p>`}
    </details>
  `;
}
