// All signals with the state of their heads, each a link into the view that shows the list.
/** @import {Training} from "../state.js" */
import { boxColor } from "../colormaps.js";
import { addressOf } from "../router.js";
import { loadedVersions, registry, runningTrainings, sampleCounts, signalNames } from "../state.js";
import { counted } from "../units.js";
import { html } from "../vendor/ui.js";

/**
 * @param {object} props
 * @param {string} props.view that the links lead to
 * @param {string | null} props.chosen
 * @param {string[]} [props.names] default all signals
 */
export function SignalList({ view, chosen, names = signalNames.value }) {
  return html`
    <ul class="signal-list" aria-label="Signals">
      ${names.map(
        (name) => html`
          <li key=${name}>
            <a href=${addressOf(view, name)} aria-current=${name === chosen ? "true" : undefined}>
              <span class="signal-name"><span class="swatch" style=${{ background: boxColor(name) }}></span>${name}</span>
              <span class="quiet">${counted(sampleCounts.value[name] ?? 0, "sample")}</span>
              <${HeadTags} name=${name} training=${runningTrainings.value.get(name)} />
            </a>
          </li>
        `,
      )}
    </ul>
  `;
}

/** @param {{name: string, training: Training | undefined}} props */
function HeadTags({ name, training }) {
  const entry = registry.value[name];
  return html`
    <span class="head-tags">
      ${
        training
          ? html`<span class="tag tag-working">${training.job.state === "queued" ? "queued" : "training"}</span>`
          : entry?.active_version == null && html`<span class="tag">no head</span>`
      }
      ${
        entry?.active_version != null &&
        html`<span class="tag">${entry.provisional ? "provisional" : `F1 ${entry.f1_score?.toFixed(2)}`}</span>`
      }
      ${name in loadedVersions.value && html`<span class="tag tag-good">loaded</span>`}
    </span>
  `;
}
