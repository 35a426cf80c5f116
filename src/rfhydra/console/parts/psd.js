// Power by frequency over the shown time: mean and peak hold, beside a spectrogram and with its frequency axis.
/** @import {SpectrumView} from "./spectrum.js" */
import { formatDb } from "../units.js";
import { html, useComputed, useSignal } from "../vendor/ui.js";
import { yOf } from "./extent.js";

const WIDTH = 120;
const HEADROOM_DB = 1;

/** @param {{view: SpectrumView}} props */
export function Psd({ view }) {
  const held = useSignal(true);
  const lines = useComputed(() => {
    const { levels } = view.levels.value;
    const extent = view.extent.value;
    const spectrum = levels?.spectrum(extent.startS, extent.stopS);
    if (!levels || !spectrum) return null;
    const { minDb } = view.range.value;
    const maxDb = Math.max(view.range.value.maxDb, ...spectrum.peak) + HEADROOM_DB;
    const points = (/** @type {Float32Array} */ values) => {
      const path = [];
      for (let row = 0; row < values.length; row++) {
        const y = yOf(extent, view.size.value, levels.grid.topHz - (row + 0.5) * levels.grid.hzPerRow);
        if (y < -2 || y > view.size.value.height + 2) continue;
        const x = ((values[row] - minDb) / (maxDb - minDb)) * WIDTH;
        path.push(`${Math.min(WIDTH, Math.max(0, x)).toFixed(1)},${y.toFixed(1)}`);
      }
      return path.join(" ");
    };
    return { mean: points(spectrum.mean), peak: held.value ? points(spectrum.peak) : "", minDb, maxDb };
  });
  return html`
    <div class="psd">
      <svg width=${WIDTH} height="100%" role="img" aria-label="Power by frequency">
        <polyline class="psd-peak" points=${lines.value?.peak ?? ""} />
        <polyline class="psd-mean" points=${lines.value?.mean ?? ""} />
      </svg>
      <div class="psd-axis" aria-hidden="true">
        <span>${lines.value && formatDb(lines.value.minDb, 0)}</span><span>${lines.value && formatDb(lines.value.maxDb, 0)}</span>
      </div>
      <label class="psd-hold">
        <input type="checkbox" checked=${held} onChange=${() => (held.value = !held.value)} /> peak
      </label>
    </div>
  `;
}
