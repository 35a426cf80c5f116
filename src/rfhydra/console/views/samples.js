// Samples: all signals of the workspace, and the samples of one.
/** @import {DeletedSignal, SignalInfo} from "#protocol" */
import { boxColor } from "../colormaps.js";
import { say } from "../parts/notices.js";
import { SampleSheet } from "../parts/sample_sheet.js";
import { addressOf, go } from "../router.js";
import { act, ask, connection, registry, sampleCounts } from "../state.js";
import { counted, formatShare, formatTime } from "../units.js";
import { html, useEffect, useSignal } from "../vendor/ui.js";

/** @param {{rest: string[]}} props */
export function Samples({ rest }) {
  const signals = useSignal(/** @type {SignalInfo[] | null} */ (null));
  const trash = useSignal(/** @type {DeletedSignal[]} */ ([]));
  const chosen = rest[0];
  useEffect(() => {
    if (connection.state.value !== "open") return;
    act(async () => {
      signals.value = (await ask("get_signals", {})).signals;
      trash.value = (await ask("get_trash", {})).signals;
    });
  }, [connection.state.value, sampleCounts.value, registry.value]);
  if (signals.value?.length === 0 && trash.value.length === 0) return html`<${NoSamples} />`;
  return html`
    <div class="with-list with-table">
      <section class="panel" aria-label="Signals">
        <h1>Samples</h1>
        <table>
          <caption class="visually-hidden">Signals</caption>
          <thead>
            <tr>
              <th scope="col">signal</th>
              <th scope="col" class="number">samples</th>
              <th scope="col" class="number">boxes</th>
              <th scope="col" class="number">F1</th>
            </tr>
          </thead>
          <tbody>
            ${(signals.value ?? []).map((each) => html`<${SignalRow} key=${each.signal_name} signal=${each} chosen=${chosen} />`)}
          </tbody>
        </table>
        <${TrashList} signals=${trash.value} />
      </section>
      <section class="panel" aria-label=${chosen ? `Samples of ${chosen}` : "Samples"}>
        ${
          chosen
            ? html`<${SignalHeader} name=${chosen} key=${`head-${chosen}`} /><${SampleSheet} signalName=${chosen} key=${chosen} />`
            : html`<p class="hint">Choose a signal to see its samples.</p>`
        }
      </section>
    </div>
  `;
}

/** @param {{signal: SignalInfo, chosen: string | undefined}} props */
function SignalRow({ signal, chosen }) {
  const { signal_name: name, sample_count, box_count, f1_score, provisional } = signal;
  return html`
    <tr class=${name === chosen ? "chosen" : ""}>
      <th scope="row" class="signal-name">
        <span class="swatch" style=${{ background: boxColor(name) }}></span>
        <a href=${addressOf("samples", name)} aria-current=${name === chosen ? "true" : undefined}>${name}</a>
      </th>
      <td class="number">${sample_count}</td>
      <td class="number">${box_count}</td>
      <td class="number">${provisional ? "provisional" : formatShare(f1_score)}</td>
    </tr>
  `;
}

/** @param {{name: string}} props */
function SignalHeader({ name }) {
  const rename = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const to = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("name"));
    act(async () => {
      await ask("rename_signal", { signal_name: name, new_name: to });
      go("samples", to);
      say(`${name} is ${to} now.`, "good", {
        label: "Undo",
        run: () =>
          act(async () => {
            await ask("rename_signal", { signal_name: to, new_name: name });
            go("samples", name);
          }),
      });
    });
  };
  const remove = () =>
    act(async () => {
      await ask("delete_signal", { signal_name: name });
      go("samples");
      say(`${name} is in the trash, with its samples and versions.`, "info", {
        label: "Undo",
        run: () => act(() => ask("restore_signal", { signal_name: name })),
      });
    });
  return html`
    <div class="toolbar">
      <h2 class="inline-title">${name}</h2>
      <a href=${addressOf("train", name)}>Train</a>
      <a href=${addressOf("versions", name)}>Versions</a>
      <form class="inline" onSubmit=${rename}>
        <input name="name" required placeholder="new name" aria-label="New name" size="16" />
        <button type="submit">Rename</button>
      </form>
      <button type="button" class="danger" onClick=${remove}>Delete signal</button>
    </div>
  `;
}

/** @param {{signals: DeletedSignal[]}} props */
function TrashList({ signals }) {
  if (signals.length === 0) return null;
  const restore = (/** @type {string} */ name) => act(() => ask("restore_signal", { signal_name: name }));
  const empty = () => {
    const what = signals.map(({ signal_name }) => signal_name).join(", ");
    if (confirm(`Remove ${what} for good, with all samples and versions?`)) act(() => ask("empty_trash", {}));
  };
  return html`
    <h2>Trash</h2>
    <ul class="plain">
      ${signals.map(
        ({ signal_name, deleted_at, sample_count }) => html`
          <li key=${`${signal_name} ${deleted_at}`}>
            ${signal_name}${" "}
            <span class="quiet">${counted(sample_count, "sample")}, deleted ${formatTime(deleted_at)}</span>
            <button type="button" onClick=${() => restore(signal_name)}>Restore</button>
          </li>
        `,
      )}
    </ul>
    <button type="button" class="danger" onClick=${empty}>Empty the trash</button>
  `;
}

function NoSamples() {
  return html`
    <div class="empty">
      <h1>No samples yet</h1>
      <p>
        A sample is a window of a recording with boxes of a signal. <a href="#label">Open a recording</a> and draw the first
        ones, or freeze the <a href="#live">live waterfall</a>: five make a head.
      </p>
    </div>
  `;
}
