// The search of archives for what is similar to the chosen box.
/** @import {Labelling} from "./labelling.js" */
import { similarToHeldAddress } from "../archive/address.js";
import { archives } from "../state.js";
import { html } from "../vendor/ui.js";
import { toWire } from "./boxes.js";

/** Links for the chosen box or suggestion, one for each archive that can be searched. @param {{labelling: Labelling}} props */
export function ArchiveLinks({ labelling: { id, draft, suggestions } }) {
  const searchable = (archives.value ?? []).filter(({ result }) => result?.is_searchable);
  const box = (draft.chosen.value ?? suggestions.chosen.value)?.box;
  if (!box || searchable.length === 0) return null;
  return html`
    <p class="archive-links">
      ${searchable.map(
        ({ archive }) => html`
          <a key=${archive} class="button" href=${similarToHeldAddress(archive, id, toWire(box))} title="Emissions like the chosen box">
            Find similar in archive${searchable.length > 1 && ` ${archive}`}
          </a>
        `,
      )}
    </p>
  `;
}
