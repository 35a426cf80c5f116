// The decision on a trained version in plain words, with the buttons that follow from it.
/** @import {VersionVerdict} from "#protocol" */
import { loadAndWatch, promote } from "../heads.js";
import { addressOf } from "../router.js";
import { loadedVersions, registry } from "../state.js";
import { html } from "../vendor/ui.js";
import { verdictReason, verdictTitle } from "../words.js";
import { WorkButton } from "./work_button.js";

/**
 * @param {object} props
 * @param {string} props.name of the signal
 * @param {number} props.version
 * @param {VersionVerdict} props.verdict
 * @param {number | null} [props.former] version that was active before
 */
export function Verdict({ name, version, verdict, former = null }) {
  const active = registry.value[name]?.active_version ?? null;
  const { decision, reason } = verdict;
  return html`
    <div class=${`verdict verdict-${decision.replace(" ", "-")}`}>
      <h2>${verdictTitle(decision, version, active)}</h2>
      <p>${verdictReason(verdict)}</p>
      <div class="toolbar">
        <${Buttons} name=${name} version=${version} active=${active} decision=${decision} former=${former} />
      </div>
      ${
        verdict.evidence &&
        reason &&
        html`<details>
        <summary>Word for word</summary>
        <p class="quiet">${reason}</p>
      </details>`
      }
    </div>
  `;
}

/**
 * @param {object} props
 * @param {string} props.name
 * @param {number} props.version
 * @param {number | null} props.active
 * @param {VersionVerdict["decision"]} props.decision
 * @param {number | null} props.former
 */
function Buttons({ name, version, active, decision, former }) {
  const other = active !== version ? active : former;
  const compare =
    other != null &&
    html`<a class="button" href=${addressOf("versions", name, Math.min(other, version), Math.max(other, version))}>
      Compare with version ${other}
    </a>`;
  if (active === version) {
    const watch =
      loadedVersions.value[name] === version
        ? html`<a class="button primary" href=${addressOf("live")}>Watch live</a>`
        : html`<${WorkButton} class="primary" run=${() => loadAndWatch(name)}>Load it and watch live<//>`;
    return html`${watch}${compare}`;
  }
  const force = html`
    <${WorkButton} run=${() => promote(name, version)}>${decision === "promote" ? "Promote again" : "Promote anyway"}<//>
  `;
  const draw = html`<a class="button primary" href=${addressOf("label")}>Draw more boxes</a>`;
  return decision === "cannot tell" || !compare ? html`${draw}${compare}${force}` : html`${compare}${force}`;
}
