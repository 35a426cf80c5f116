// The levels that get the first and last colour of a spectrogram.
/** @import {Signal} from "../vendor/ui.js" */
/** @import {SpectrumView} from "./spectrum.js" */
import { html } from "../vendor/ui.js";

/** @param {{view: SpectrumView, auto: Signal<boolean>}} props */
export function RangeControls({ view, auto }) {
  const set = (/** @type {"minDb" | "maxDb"} */ name) => (/** @type {any} */ event) => {
    const value = Number(event.currentTarget.value);
    auto.value = false;
    const range = { ...view.range.value, [name]: value };
    if (range.maxDb - range.minDb >= 1) view.range.value = range;
  };
  const setAuto = () => {
    auto.value = !auto.value;
    const { levels } = view.levels.value;
    if (auto.value && levels) view.range.value = levels.autoRange();
  };
  const { minDb, maxDb } = view.range.value;
  return html`
    <div class="button-group" role="group" aria-label="Levels">
      <button type="button" aria-pressed=${auto} title="Choose the levels by the picture" onClick=${setAuto}>Auto</button>
      <label class="level">
        <span>from</span>
        <input type="number" step="1" value=${Math.round(minDb)} aria-label="Darkest level, dB" onChange=${set("minDb")} />
      </label>
      <label class="level">
        <span>to</span>
        <input type="number" step="1" value=${Math.round(maxDb)} aria-label="Brightest level, dB" onChange=${set("maxDb")} />
        <span>dB</span>
      </label>
    </div>
  `;
}
