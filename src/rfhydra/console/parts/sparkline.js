// When a signal was active, as a line of marks.
import { html } from "../vendor/ui.js";

const WIDTH = 120;
const HEIGHT = 18;

/**
 * @param {object} props
 * @param {{startS: number, stopS: number}[]} props.spans times of activity
 * @param {number} props.startS
 * @param {number} props.stopS
 * @param {string} props.color
 */
export function Sparkline({ spans, startS, stopS, color }) {
  const scale = WIDTH / Math.max(stopS - startS, 1e-9);
  return html`
    <svg class="sparkline" width=${WIDTH} height=${HEIGHT} aria-hidden="true" style=${{ color }}>
      <line x1="0" x2=${WIDTH} y1=${HEIGHT - 2} y2=${HEIGHT - 2} />
      ${spans
        .filter((span) => span.stopS > startS)
        .map((span) => {
          const x = Math.max(0, (span.startS - startS) * scale);
          return html`<rect x=${x} y="3" width=${Math.max(1.5, (span.stopS - startS) * scale - x)} height=${HEIGHT - 6} />`;
        })}
    </svg>
  `;
}
