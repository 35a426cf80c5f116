// Who changed what of a signal, and when: the newest first, older ones on demand.
/** @import {AuditRecord} from "#protocol" */
import { connection } from "../state.js";
import { formatTime } from "../units.js";
import { html, useSignal } from "../vendor/ui.js";
import { changeInWords } from "../words.js";
import { useAnswer } from "./answer.js";
import { WorkButton } from "./work_button.js";

const PAGE = 15;

/**
 * @param {object} props
 * @param {string} props.name
 * @param {string} props.changed another value whenever there is something new
 */
export function AuditTrail({ name, changed }) {
  const open = useSignal(false);
  const older = useSignal(/** @type {{of: string, entries: AuditRecord[], cursor: string | null} | null} */ (null));
  const ask = (/** @type {string | null} */ cursor) =>
    connection.ask("get_audit", { signal_name: name, limit: PAGE, cursor });
  const key = open.value ? `${name} ${changed}` : "";
  const answer = useAnswer(key, () => ask(null));
  const added = older.value?.of === key ? older.value : null;
  const entries = [...(answer.value?.entries ?? []), ...(added?.entries ?? [])];
  const cursor = added ? added.cursor : (answer.value?.next_cursor ?? null);
  const readOlder = async () => {
    const page = await ask(cursor);
    older.value = { of: key, entries: [...(added?.entries ?? []), ...page.entries], cursor: page.next_cursor };
  };
  return html`
    <details class="panel" onToggle=${(/** @type {any} */ event) => (open.value = event.currentTarget.open)}>
      <summary>Audit trail: who changed what</summary>
      ${answer.error && html`<p class="error-text">${answer.error}</p>`}
      <div class="table-scroll">
        <table class="audit">
          <thead>
            <tr>
              <th scope="col">time</th>
              <th scope="col">change</th>
              <th scope="col">by</th>
            </tr>
          </thead>
          <tbody>
            ${entries.map(
              (entry) => html`
                <tr key=${entry.entry_id}>
                  <td>${formatTime(entry.at)}</td>
                  <td>${changeInWords(entry)}</td>
                  <td class="quiet">${entry.who}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
      ${cursor && html`<${WorkButton} run=${readOlder}>Older changes<//>`}
    </details>
  `;
}
