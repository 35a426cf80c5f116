// The samples of a signal as a sheet of pictures, of which some can be chosen, moved to another signal or deleted.
/** @import {SampleInfo} from "#protocol" */
import { boxColor } from "../colormaps.js";
import { act, ask, connection, sampleCounts, signalNames } from "../state.js";
import { counted, formatHz, formatSeconds } from "../units.js";
import { html, useEffect, useId, useSignal } from "../vendor/ui.js";
import { say } from "./notices.js";
import { Thumbnail } from "./thumbnail.js";

const PAGE = 12;
/** Characters of an id: recordings are named by the digest of their samples. */
const SHOWN_ID = 12;
const UNDO_MS = 6000;

/** Samples that the operator deleted a moment ago, with the timers that delete them on the server. */
const leaving = new Map();

/** @param {{signalName: string}} props */
export function SampleSheet({ signalName }) {
  const samples = useSignal(/** @type {SampleInfo[]} */ ([]));
  const cursor = useSignal(/** @type {string | null | undefined} */ (undefined));
  const chosen = useSignal(/** @type {Set<string>} */ (new Set()));
  const load = (/** @type {string | null} */ after) =>
    act(async () => {
      const page = await ask("get_training_samples", {
        signal_name: signalName,
        include_spectrogram: true,
        limit: PAGE,
        cursor: after,
      });
      samples.value = [...(after ? samples.value : []), ...page.samples];
      cursor.value = page.next_cursor ?? null;
    });
  useEffect(() => {
    chosen.value = new Set();
    if (connection.state.value === "open") load(null);
  }, [signalName, sampleCounts.value[signalName], connection.state.value]);
  const shown = samples.value.filter(({ sample_id }) => !leaving.has(sample_id));
  const remove = () => {
    const ids = [...chosen.value];
    const refresh = () => (samples.value = [...samples.value]);
    deleteSoon(ids, refresh);
    chosen.value = new Set();
    refresh();
  };
  const relabel = (/** @type {string} */ name) =>
    act(async () => {
      for (const sample_id of chosen.value) await ask("relabel_sample", { sample_id, signal_name: name });
      say(`${counted(chosen.value.size, "sample")} moved to ${name}.`, "good");
      chosen.value = new Set();
    });
  return html`
    <${Chosen} count=${chosen.value.size} onDelete=${remove} onRelabel=${relabel} />
    <ul class="sheet" aria-label=${`Samples of ${signalName}`}>
      ${shown.map(
        (sample) => html`
          <${SampleCard}
            key=${sample.sample_id}
            sample=${sample}
            color=${boxColor(signalName)}
            chosen=${chosen.value.has(sample.sample_id)}
            onChoose=${() => {
              const next = new Set(chosen.value);
              if (!next.delete(sample.sample_id)) next.add(sample.sample_id);
              chosen.value = next;
            }}
          />
        `,
      )}
    </ul>
    ${cursor.value === undefined && html`<p class="hint">Loading…</p>`}
    ${
      cursor.value === null &&
      shown.length === 0 &&
      html`<p class="hint">No samples. <a href="#label">Draw boxes</a> of ${signalName} in a recording.</p>`
    }
    ${cursor.value && html`<button type="button" onClick=${() => load(cursor.value ?? null)}>Show more</button>`}
  `;
}

/**
 * Deletes samples in a moment, until when the operator can take it back. Leaving the page keeps them.
 * @param {string[]} ids
 * @param {() => void} refresh
 */
function deleteSoon(ids, refresh) {
  const run = () =>
    act(async () => {
      try {
        for (const sample_id of ids) await ask("delete_training_sample", { sample_id });
      } finally {
        for (const id of ids) leaving.delete(id);
      }
    });
  const timer = setTimeout(run, UNDO_MS);
  for (const id of ids) leaving.set(id, timer);
  say(`${counted(ids.length, "sample")} deleted.`, "info", {
    label: "Undo",
    run: () => {
      clearTimeout(timer);
      for (const id of ids) leaving.delete(id);
      refresh();
    },
  });
}

/** @param {{count: number, onDelete: () => void, onRelabel: (name: string) => void}} props */
function Chosen({ count, onDelete, onRelabel }) {
  const names = useId();
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    onRelabel(String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("name")));
  };
  return html`
    <div class="toolbar" role="group" aria-label="Chosen samples">
      <span class="quiet">${count === 0 ? "Choose samples to move or delete them." : `${counted(count, "sample")} chosen`}</span>
      <form class="inline" onSubmit=${submit}>
        <input name="name" list=${names} required placeholder="another signal" aria-label="Move to signal" size="18" />
        <datalist id=${names}>${signalNames.value.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
        <button type="submit" disabled=${count === 0}>Move</button>
      </form>
      <button type="button" class="danger" disabled=${count === 0} onClick=${onDelete}>Delete</button>
    </div>
  `;
}

/** @param {{sample: SampleInfo, color: string, chosen: boolean, onChoose: () => void}} props */
function SampleCard({ sample, color, chosen, onChoose }) {
  const box = sample.boxes[0];
  const size = box
    ? `${formatSeconds(box.time_end_sec - box.time_start_sec)} × ${formatHz(box.freq_high_hz - box.freq_low_hz, 3)}`
    : "no box of the signal";
  const negatives = sample.negatives.map((negative) => ({ ...negative, color: "#ff8a80" }));
  return html`
    <li>
      <button type="button" class="sample" aria-pressed=${chosen} onClick=${onChoose}>
        <${Thumbnail} picture=${sample} boxes=${sample.boxes} others=${negatives} color=${color} label="" />
        <span>${size}</span>
        <span class="quiet">
          ${counted(sample.boxes.length, "box", "boxes")}${negatives.length > 0 ? `, ${counted(negatives.length, "negative")}` : ""}
        </span>
        <span class="quiet">${(sample.recording ?? sample.sample_id).slice(0, SHOWN_ID)}</span>
      </button>
    </li>
  `;
}
