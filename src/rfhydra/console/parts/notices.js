// Short messages to the operator, which go away by themselves unless they are errors.
import { html, signal } from "../vendor/ui.js";

/** How long a message is shown that is no error, and what it offers can be taken back. */
export const SHOWN_MS = 6000;
const MOST = 5;

/** @typedef {"info" | "good" | "warning" | "error"} Kind */
/** @typedef {{id: number, text: string, kind: Kind, action?: {label: string, run: () => void}}} Notice */

const notices = signal(/** @type {Notice[]} */ ([]));
let lastId = 0;

/**
 * Shows a message.
 * @param {string} text
 * @param {Kind} [kind]
 * @param {Notice["action"]} [action] a button, such as Undo
 */
export function say(text, kind = "info", action) {
  const id = ++lastId;
  const others = notices.value.filter((notice) => notice.text !== text);
  notices.value = [...others, { id, text, kind, action }].slice(-MOST);
  if (kind !== "error") setTimeout(() => dismiss(id), SHOWN_MS);
}

/** @param {number} id */
function dismiss(id) {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function Notices() {
  return html`
    <div class="notices" role="status" aria-live="polite">
      ${notices.value.map(
        ({ id, text, kind, action }) => html`
          <div key=${id} class=${`notice notice-${kind}`}>
            <span>${text}</span>
            ${
              action &&
              html`<button
              type="button"
              onClick=${() => {
                dismiss(id);
                action.run();
              }}
            >
              ${action.label}
            </button>`
            }
            <button type="button" class="quiet" aria-label="Dismiss" onClick=${() => dismiss(id)}>×</button>
          </div>
        `,
      )}
    </div>
  `;
}
