// Versions: the history of a head, single versions in detail, and two of them side by side.
/** @import {VersionHistory} from "#protocol" */
import { Pending, useAnswer } from "../parts/answer.js";
import { AuditTrail } from "../parts/audit_trail.js";
import { Comparison } from "../parts/comparison.js";
import { DetectabilityCard } from "../parts/detectability_card.js";
import { HeadButtons } from "../parts/head_buttons.js";
import { SignalList } from "../parts/signal_list.js";
import { TrainingCurves } from "../parts/training_curves.js";
import { Validation } from "../parts/validation.js";
import { Verdict } from "../parts/verdict.js";
import { VersionTable } from "../parts/version_table.js";
import { WorkButton } from "../parts/work_button.js";
import { rollBack } from "../heads.js";
import { addressOf } from "../router.js";
import { connection, registry } from "../state.js";
import { counted, formatSeconds } from "../units.js";
import { html } from "../vendor/ui.js";

/** @param {{rest: string[]}} props */
export function Versions({ rest }) {
  const names = Object.keys(registry.value).sort();
  const name = rest[0] ?? names[0] ?? null;
  if (name == null) return connection.state.value === "open" && html`<${Nothing} />`;
  const [a, b] = rest.slice(1, 3).map(Number);
  return html`
    <div class="with-list">
      <section class="panel">
        <h1>Signals</h1>
        <${SignalList} view="versions" chosen=${name} names=${names} />
      </section>
      <div class="with-list-content">
        ${
          names.includes(name)
            ? html`<${Signal} key=${name} name=${name} a=${a || null} b=${b || null} />`
            : connection.state.value === "open" &&
              html`<section class="panel">
              <h1>${name}</h1>
              <p>It has no version yet. <a href=${addressOf("train", name)}>Train it</a>.</p>
            </section>`
        }
      </div>
    </div>
  `;
}

function Nothing() {
  return html`
    <div class="empty">
      <h1>No versions yet</h1>
      <p>
        Each training makes a version of a signal's head. Here they are compared on the boxes that none of them was trained
        on, promoted, and rolled back; nothing is overwritten.
      </p>
      <p><a class="button primary" href=${addressOf("train")}>Train a head</a></p>
    </div>
  `;
}

/** @param {{name: string, a: number | null, b: number | null}} props */
function Signal({ name, a, b }) {
  const entry = registry.value[name];
  const history = useAnswer(`${name} ${entry.last_trained} ${entry.active_version}`, () =>
    connection.ask("get_version_history", { signal_name: name }),
  );
  if (!history.value)
    return html`<section class="panel"><${Pending} answer=${history} text="Reading the history…" /></section>`;
  const { versions, active_version } = history.value;
  const shown = a ?? active_version ?? versions[versions.length - 1].version;
  const compared = [a, b].flatMap((version) => version ?? []);
  return html`
    <section class="panel">
      <h1>${name}</h1>
      <${VersionTable} name=${name} versions=${versions} shown=${b == null ? shown : null} compared=${compared} onNoted=${history.again} />
      <${RollBack} name=${name} history=${history.value} />
      <${HeadButtons} name=${name} />
    </section>
    ${
      b == null
        ? html`<${Detail} key=${shown} name=${name} version=${shown} />`
        : html`<${Comparison} key=${`${a} ${b}`} name=${name} a=${/** @type {number} */ (a)} b=${b} />`
    }
    <${AuditTrail} name=${name} changed=${`${entry.last_trained} ${active_version}`} />
  `;
}

/** @param {{name: string, history: VersionHistory}} props */
function RollBack({ name, history: { active_version, previous_version } }) {
  if (active_version == null)
    return html`<p class="hint">No version is active. Promote one, or train again with more boxes.</p>`;
  if (previous_version == null)
    return html`<p class="hint">Version ${active_version} is the active one. No other was active before, so there is nothing to roll back to.</p>`;
  return html`
    <p>
      <${WorkButton} run=${() => rollBack(name)}>Roll back to version ${previous_version}<//>
      <span class="hint"> It was active before version ${active_version}.</span>
    </p>
  `;
}

/** @param {{name: string, version: number}} props */
function Detail({ name, version }) {
  const answer = useAnswer(`${name} ${version}`, () => connection.ask("get_version", { signal_name: name, version }));
  const detail = answer.value;
  if (!detail)
    return html`<section class="panel"><${Pending} answer=${answer} text="Reading the results…" /></section>`;
  const { info, threshold, epochs } = detail;
  const facts = [
    info.kind,
    `${counted(info.epochs_trained, "epoch")} in ${formatSeconds(info.training_time_sec)}`,
    ...(threshold == null ? [] : [`threshold ${threshold.toFixed(2)}`]),
    `backbone ${detail.backbone_id.slice(0, 8)}`,
  ];
  return html`
    <section class="panel result">
      <h2 class="result-title">
        Version ${version}
        <span class="quiet">${facts.join(", ")}</span>
      </h2>
      ${
        info.provisional &&
        html`<p class="hint">It is provisional: made from ${info.sample_count} samples, and nothing validates it.</p>`
      }
      ${detail.verdict && html`<${Verdict} name=${name} version=${version} verdict=${detail.verdict} />`}
      <${Validation} detail=${detail} />
      ${epochs && epochs.length > 0 && html`<h3>Training</h3><${TrainingCurves} epochs=${epochs} />`}
    </section>
    <${DetectabilityCard} name=${name} version=${version} />
  `;
}
