// The boxes of a recording that samples have: how many of each signal, and their export.
/** @import {Labelling} from "./labelling.js" */
import { boxColor } from "../colormaps.js";
import { WorkButton } from "../parts/work_button.js";
import { addressOf } from "../router.js";
import { ask } from "../state.js";
import { html } from "../vendor/ui.js";

const URL_KEPT_MS = 60_000;

/** @param {{labelling: Labelling}} props */
export function SavedBoxes({ labelling }) {
  const saved = labelling.known.value.filter(({ isSample }) => isSample);
  if (saved.length === 0) return null;
  const bySignal = Map.groupBy(saved, ({ name }) => name);
  return html`
    <section class="panel" aria-labelledby="saved-title">
      <h2 id="saved-title">Saved in this recording</h2>
      <ul class="box-list">
        ${[...bySignal].map(([name, boxes]) => {
          const negatives = boxes.filter(({ negative }) => negative).length;
          return html`
            <li key=${name}>
              <a href=${addressOf("samples", name)}>
                <span class="swatch" style=${{ background: boxColor(name) }}></span>${name}
              </a>
              <span class="number">${boxes.length - negatives}${negatives > 0 && `, ${negatives} negative`}</span>
            </li>
          `;
        })}
      </ul>
      <p class="hint">Press one in the picture to adjust it.</p>
      <${WorkButton} run=${() => exported(labelling.id)} title="All of them as SigMF annotations, to keep beside the samples">
        Export SigMF
      <//>
    </section>
  `;
}

/** Lets the browser keep the boxes of a recording as a file. @param {string} recordingId */
async function exported(recordingId) {
  const { meta, file_name } = await ask("export_recording_sigmf", { recording_id: recordingId });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(meta, null, 2)], { type: "application/json" }));
  link.download = file_name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), URL_KEPT_MS);
}
