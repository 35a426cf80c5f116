// The signal of the boxes that are drawn: typed with completion, or chosen by a digit.
/** @import {Labelling} from "./labelling.js" */
import { boxColor } from "../colormaps.js";
import { signalNames } from "../state.js";
import { computed, html, useId, useMemo } from "../vendor/ui.js";
import { currentName } from "./labelling.js";

const MOST_CHOICES = 9;

/** The names that digits choose: known signals, then those of boxes that are drawn. @param {Labelling} labelling */
export const choicesOf = ({ draft }) =>
  computed(() => {
    const drawn = draft.boxes.value.map(({ name }) => name).filter(Boolean);
    return [...new Set([...signalNames.value, ...drawn])].slice(0, MOST_CHOICES);
  });

/** @param {{labelling: Labelling, input: {current: HTMLInputElement | null}}} props */
export function NameField({ labelling, input }) {
  const list = useId();
  const choices = useMemo(() => choicesOf(labelling), [labelling]);
  const name = labelling.draft.chosen.value?.name ?? currentName.value;
  const onBlur = (/** @type {FocusEvent} */ event) => {
    const typed = /** @type {HTMLInputElement} */ (event.currentTarget).value.trim();
    if (typed !== name) labelling.rename(typed);
  };
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    const field = /** @type {HTMLInputElement} */ (event.currentTarget);
    if (event.key === "Escape") field.value = name;
    field.blur();
  };
  return html`
    <div class="button-group names" role="group" aria-label="Signals">
      <label>
        Signal
        <input
          ref=${input}
          name="signal"
          list=${list}
          value=${name}
          placeholder="its name"
          size="18"
          spellcheck=${false}
          autocomplete="off"
          maxlength="64"
          onBlur=${onBlur}
          onKeyDown=${onKey}
        />
      </label>
      <datalist id=${list}>${signalNames.value.map((each) => html`<option key=${each} value=${each} />`)}</datalist>
      ${choices.value.map(
        (each, place) => html`
          <button
            key=${each}
            type="button"
            aria-pressed=${each === name}
            title=${`Draw ${each}, or make the chosen box one (${place + 1})`}
            onClick=${() => labelling.rename(each)}
          >
            <kbd>${place + 1}</kbd> <span class="swatch" style=${{ background: boxColor(each) }}></span>${each}
          </button>
        `,
      )}
    </div>
  `;
}
