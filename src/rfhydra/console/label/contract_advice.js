// Whether the contract of a new workspace suits the emissions of a recording, and the command that changes it.
/** @import {ContractSuggestion} from "#protocol" */
/** @import {Labelling} from "./labelling.js" */
import { WorkButton } from "../parts/work_button.js";
import { ask, signalNames } from "../state.js";
import { counted, formatHz, formatSeconds } from "../units.js";
import { html, useSignal } from "../vendor/ui.js";
import { toWire } from "./boxes.js";

const SOURCES = {
  boxes: "the drawn boxes",
  annotations: "the labelled boxes of the recording",
  proposals: "what the backbone finds in the recording",
};

/** Shown as long as there are no signals: a contract is changed easily only then. @param {{labelling: Labelling}} props */
export function ContractAdvice({ labelling }) {
  const advice = useSignal(/** @type {ContractSuggestion | null} */ (null));
  if (signalNames.value.length > 0) return null;
  const boxes = labelling.draft.boxes.value.filter(({ negative }) => !negative);
  const fetch = async () => {
    const given = boxes.length ? { boxes: boxes.map(({ box }) => toWire(box)) } : {};
    advice.value = await ask("suggest_contract", { recording_id: labelling.id, ...given });
  };
  return html`
    <section class="panel" aria-labelledby="contract-title">
      <h2 id="contract-title">Contract of the workspace</h2>
      <p class="hint">
        It fixes how fine time and frequency are seen, for all heads. Now, before the first box is saved, is the time to
        choose it.
      </p>
      <${WorkButton} run=${fetch}>
        Check it against ${boxes.length ? counted(boxes.length, "drawn box", "drawn boxes") : "the recording"}
      <//>
      ${advice.value && html`<${Advice} advice=${advice.value} />`}
    </section>
  `;
}

/** @param {{advice: ContractSuggestion}} props */
function Advice({ advice: { suggested, present, differs, source, command_line } }) {
  const both = differs ? [present, suggested] : [present];
  return html`
    <p role="status">
      ${differs ? "Another contract suits " : "The contract suits "}${SOURCES[source]}${differs ? " better." : "."}
    </p>
    <table class="contracts">
      <thead>
        <tr>
          <th></th>
          <th scope="col" class="number">present</th>
          ${differs && html`<th scope="col" class="number">suggested</th>`}
        </tr>
      </thead>
      <tbody>
        <${Row} title="FFT" values=${both.map(({ contract }) => contract.fft_size)} />
        <${Row} title="hop" values=${both.map(({ contract }) => contract.hop)} />
        <${Row} title="window" values=${both.map(({ window_sec }) => formatSeconds(window_sec))} />
        <${Row} title="pixels" values=${both.map(({ contract }) => `${contract.cols} × ${contract.rows}`)} />
        <${Row} title="column" values=${both.map(({ sec_per_col }) => formatSeconds(sec_per_col))} />
        <${Row} title="row" values=${both.map(({ hz_per_row }) => formatHz(hz_per_row, 3))} />
        ${
          suggested.signals.length > 0 &&
          html`<${Row} title="box, pixels" values=${both.map(({ signals: [{ cols, rows }] }) => `${cols.toFixed(0)} × ${rows.toFixed(0)}`)} />`
        }
      </tbody>
    </table>
    ${suggested.remarks.map((remark) => html`<p key=${remark} class="hint">${remark}</p>`)}
    ${
      command_line &&
      html`<p>To change it, stop the server and run</p>
      <pre><code>${command_line}</code></pre>`
    }
  `;
}

/** @param {{title: string, values: unknown[]}} props */
function Row({ title, values }) {
  return html`
    <tr>
      <th scope="row">${title}</th>
      ${values.map((value, place) => html`<td key=${place} class="number">${value}</td>`)}
    </tr>
  `;
}
