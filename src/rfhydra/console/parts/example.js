// A labelled or detected box in a stored sample, as a small picture with what is known of it.
/** @import {SampleBox, TrainingSample} from "#protocol" */
import { readSample } from "../samples.js";
import { formatHz, formatSeconds } from "../units.js";
import { html, useEffect, useSignal } from "../vendor/ui.js";
import { Thumbnail } from "./thumbnail.js";

/**
 * @param {object} props
 * @param {string} props.sampleId
 * @param {SampleBox} props.box
 * @param {string} props.color
 * @param {string} props.what such as `Missed box`
 * @param {unknown} [props.children] what is said of it
 */
export function Example({ sampleId, box, color, what, children }) {
  const sample = useSignal(/** @type {TrainingSample["sample"] | null} */ (null));
  const failed = useSignal(false);
  useEffect(() => {
    let shown = true;
    readSample(sampleId).then(
      (read) => shown && (sample.value = read),
      () => shown && (failed.value = true),
    );
    return () => (shown = false);
  }, [sampleId]);
  const place = `${formatHz((box.freq_low_hz + box.freq_high_hz) / 2, 7)}, ${formatSeconds(box.time_start_sec)}`;
  const others = (sample.value?.boxes ?? []).filter((other) => !isSame(other, box));
  return html`
    <li class="example">
      ${
        failed.value
          ? html`<div class="thumbnail example-missing">no picture</div>`
          : html`<${Thumbnail}
            picture=${sample.value ?? {}}
            boxes=${[box]}
            others=${others}
            color=${color}
            label=${`${what} at ${place}`}
          />`
      }
      <span class="quiet">${place}</span>
      ${children}
    </li>
  `;
}

/** @param {SampleBox} one @param {SampleBox} other */
const isSame = (one, other) =>
  ["x_min", "y_min", "x_max", "y_max"].every(
    (edge) => Math.abs(one[/** @type {"x_min"} */ (edge)] - other[/** @type {"x_min"} */ (edge)]) < 0.5,
  );
