// The boxes that are not saved yet, as a list, and their saving.
/** @import {Labelling} from "./labelling.js" */
import { boxColor } from "../colormaps.js";
import { WorkButton } from "../parts/work_button.js";
import { counted } from "../units.js";
import { html } from "../vendor/ui.js";
import { ArchiveLinks } from "./archive_links.js";
import { placeText, sizeText } from "./boxes.js";

/** @param {{labelling: Labelling}} props */
export function BoxList({ labelling }) {
  const { draft } = labelling;
  const boxes = draft.boxes.value;
  return html`
    <section class="panel" aria-labelledby="boxes-title">
      <h2 id="boxes-title">${boxes.length ? `${counted(boxes.length, "box", "boxes")} to save` : "Nothing to save"}</h2>
      <${Outcome} labelling=${labelling} />
      <${Stated} labelling=${labelling} />
      <ul class="box-list">
        ${boxes.map(
          ({ id, name, negative, box }) => html`
            <li key=${id} class=${id === draft.chosenId.value ? "chosen" : ""}>
              <button
                type="button"
                class="link"
                title=${placeText(box)}
                onClick=${() => {
                  draft.chosenId.value = id;
                  labelling.bring(box);
                }}
              >
                <span class="swatch" style=${{ background: name ? boxColor(name) : "transparent" }}></span>
                ${negative ? "not " : ""}${name || "no name"}
                <span class="quiet">${sizeText(box)}</span>
              </button>
              <button type="button" class="quiet" aria-label=${`Delete the box of ${name || "no signal"}`} onClick=${() => draft.remove(id)}>
                ×
              </button>
            </li>
          `,
        )}
      </ul>
      <${ArchiveLinks} labelling=${labelling} />
    </section>
  `;
}

/** What the last saving did, or why it was refused. @param {{labelling: Labelling}} props */
function Outcome({ labelling }) {
  const refusal = labelling.refusal.value;
  const saved = labelling.saved.value;
  if (refusal)
    return html`
      <p class="error-text" role="alert">${refusal.message}</p>
      ${
        refusal.code === "conflict" &&
        refusal.message.includes("any_rate") &&
        html`<${WorkButton} run=${() => labelling.save(true)}>Save at this sample rate, too<//>`
      }
    `;
  if (!saved) return null;
  return html`
    <div role="status">
      ${saved.signals.map(
        ({ signal_name, new_samples, box_count, sample_count, negative_count }) => html`
          <p key=${signal_name}>
            <span class="tag tag-good">saved</span> ${signal_name} has
            ${" "}${counted(box_count, "box", "boxes")}${negative_count > 0 && ` and ${counted(negative_count, "negative")}`} in
            ${" "}${counted(sample_count, "window")}${new_samples > 0 && `, ${new_samples} of them new`}.
          </p>
        `,
      )}
      ${saved.warnings.map((warning) => html`<p key=${warning} class="warning-text">${warning}</p>`)}
    </div>
  `;
}

/** Offers the boxes that the file states. @param {{labelling: Labelling}} props */
function Stated({ labelling }) {
  const stated = labelling.stated.value;
  if (stated.length === 0) return null;
  return html`
    <p class="hint">
      The file states ${counted(stated.length, "box", "boxes")} that ${stated.length === 1 ? "is" : "are"} not labelled here.
    </p>
    <button type="button" onClick=${() => labelling.useAnnotations()}>Use ${stated.length === 1 ? "it" : "them"}</button>
  `;
}
