// A button that is off while what it does is under way.
import { act } from "../state.js";
import { html, useSignal } from "../vendor/ui.js";

/**
 * @param {object} props
 * @param {() => Promise<any>} props.run
 * @param {unknown} props.children
 * @param {string} [props.class]
 * @param {string} [props.label] accessible name, where the text does not say enough
 * @param {boolean} [props.disabled]
 * @param {string} [props.title]
 */
export function WorkButton({ run, children, class: kind, label, disabled, title }) {
  const working = useSignal(false);
  const work = async () => {
    working.value = true;
    try {
      await act(run);
    } finally {
      working.value = false;
    }
  };
  return html`
    <button
      type="button"
      class=${kind}
      aria-label=${label}
      title=${title}
      aria-busy=${working.value}
      disabled=${disabled || working.value}
      onClick=${work}
    >
      ${children}
    </button>
  `;
}
