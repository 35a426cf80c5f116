// Chooses the source of a live stream, starts and stops it, and tunes the receiver.
/** @import {SourceInfo, StreamStatus} from "#protocol" */
import { act, ask, connection, streams } from "../state.js";
import { formatHz, parseQuantity } from "../units.js";
import { html, useEffect, useSignal } from "../vendor/ui.js";
import { say } from "./notices.js";

/**
 * @param {object} props
 * @param {string | null} props.streamId the shown stream
 * @param {(streamId: string) => void} props.onShow
 */
export function SourcePicker({ streamId, onShow }) {
  const sources = useSignal(/** @type {SourceInfo[]} */ ([]));
  const addressesAllowed = useSignal(false);
  const running = streams.value.map(({ stream_id, state }) => `${stream_id} ${state}`).join();
  useEffect(() => {
    if (connection.state.value !== "open") return;
    act(async () => {
      const answer = await ask("list_sources", {});
      sources.value = answer.sources;
      addressesAllowed.value = answer.addresses_allowed ?? false;
    });
  }, [connection.state.value, running]);
  const start = (/** @type {{name: string} | {address: string}} */ source) =>
    act(async () => {
      const { stream } = await ask("start_stream", { source });
      onShow(stream.stream_id);
    });
  const idle = sources.value.filter(({ stream_id }) => stream_id == null);
  const shown = streams.value.find(({ stream_id }) => stream_id === streamId);
  const source = sources.value.find(({ stream_id }) => stream_id === streamId);
  return html`
    <div class="toolbar" role="group" aria-label="Source">
      ${
        streams.value.length > 0 &&
        html`<label>
        Stream
        <select value=${streamId ?? ""} onChange=${(/** @type {any} */ event) => onShow(event.currentTarget.value)}>
          ${streams.value.map(
            ({ stream_id, state }) =>
              html`<option key=${stream_id} value=${stream_id}>${stream_id}${state === "running" ? "" : ` (${state})`}</option>`,
          )}
        </select>
      </label>`
      }
      ${shown && html`<${Tuning} key=${shown.stream_id} stream=${shown} source=${source} />`}
      ${
        shown &&
        html`<button type="button" onClick=${() => act(() => ask("stop_stream", { stream_id: shown.stream_id }))}>
        ${shown.state === "running" || shown.state === "connecting" ? "Stop" : "Remove"}
      </button>`
      }
      ${idle.map(
        ({ name }) =>
          html`<button key=${name} type="button" class="primary" onClick=${() => start({ name })}>Start ${name}</button>`,
      )}
      ${addressesAllowed.value && html`<${AddressForm} onStart=${(/** @type {string} */ address) => start({ address })} />`}
    </div>
  `;
}

/** @param {{onStart: (address: string) => void}} props */
function AddressForm({ onStart }) {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    onStart(String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("address")));
  };
  return html`
    <form class="inline" onSubmit=${submit}>
      <label>
        Address
        <input name="address" required placeholder="rtl_tcp://127.0.0.1:1234?freq=433.92M" size="34" spellcheck=${false} />
      </label>
      <button type="submit">Start</button>
    </form>
  `;
}

const SETTINGS = /** @type {const} */ ([
  ["center_freq_hz", "Centre", "433.92M"],
  ["sample_rate_hz", "Rate", "2.4M"],
  ["gain_db", "Gain (dB)", "28"],
]);

/** @param {{stream: StreamStatus, source: SourceInfo | undefined}} props */
function Tuning({ stream, source }) {
  const settable = source?.settable ?? [];
  const tune = (/** @type {string} */ name, /** @type {HTMLInputElement} */ input) => {
    const value = parseQuantity(input.value);
    if (Number.isNaN(value)) {
      say(`“${input.value}” is not a number: write 433.92M, 250k or 28.`, "error");
      return;
    }
    act(() => ask("tune_stream", { stream_id: stream.stream_id, [name]: value }));
  };
  const text = (/** @type {string} */ name) => {
    const value = stream[/** @type {"gain_db"} */ (name)];
    if (value == null) return "";
    return name === "gain_db" ? String(value) : formatHz(value, 8).replace(" ", "").replace("Hz", "");
  };
  return SETTINGS.filter(([name]) => settable.includes(name)).map(
    ([name, label, example]) => html`
      <label key=${name}>
        ${label}
        <input
          size="9"
          value=${text(name)}
          placeholder=${example}
          spellcheck=${false}
          onChange=${(/** @type {any} */ event) => tune(name, event.currentTarget)}
        />
      </label>
    `,
  );
}
