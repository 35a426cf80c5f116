// An emission of an archive: its picture, what is known of it, and what can be done with it.
/** @import {RecordingBox} from "#protocol" */
/** @import {ArchivedBox, Example} from "./address.js" */
/** @import {BoxPicture} from "./pictures.js" */
import { boxColor } from "../colormaps.js";
import { fromWire, sizeText } from "../label/boxes.js";
import { Thumbnail } from "../parts/thumbnail.js";
import { WorkButton } from "../parts/work_button.js";
import { connection } from "../state.js";
import { formatHz, formatSeconds } from "../units.js";
import { html, useEffect, useRef, useSignal } from "../vendor/ui.js";
import { similarAddress } from "./address.js";
import { labelEmission } from "./labelling.js";
import { readPicture } from "./pictures.js";

/** How far from what is shown pictures are read already. */
const AHEAD = "200px";
const NAMELESS = "#ffffff";

/**
 * @param {object} props
 * @param {string} props.archive
 * @param {ArchivedBox & {signal_name: string | null}} props.emission
 * @param {unknown} props.children what the list says of it
 */
export function Emission({ archive, emission, children }) {
  const { signal_name: name, recording } = emission;
  const box = boxOf(emission);
  const what = `${name ?? "an emission without a signal"} at ${whenText(emission)} in ${recording}`;
  return html`
    <li class="emission">
      <${BoxPictureOf} archive=${archive} example=${{ recording, recordingId: null, box }} name=${name} label=${`Spectrogram of ${what}`} />
      <span class="emission-title">
        <strong>${name && html`<span class="swatch" style=${{ background: boxColor(name) }}></span>`}${name ?? "no signal"}</strong>
        <span>${children}</span>
      </span>
      <${Place} box=${box} />
      <span class="quiet">${whenText(emission)}</span>
      <span class="quiet emission-recording">${recording}</span>
      <span class="button-group">
        <a class="button" href=${similarAddress(archive, recording, box)} aria-label=${`Find emissions similar to ${what}`}>Find similar</a>
        <${WorkButton} label=${`Label ${what}`} run=${() => labelEmission(archive, emission, name ?? "")}>Label<//>
      </span>
    </li>
  `;
}

/** Its edges alone. @param {ArchivedBox} emission */
const boxOf = ({ time_start_sec, time_end_sec, freq_low_hz, freq_high_hz }) => ({
  time_start_sec,
  time_end_sec,
  freq_low_hz,
  freq_high_hz,
});

/** Frequency and size of a box. @param {{box: RecordingBox}} props */
export function Place({ box }) {
  return html`
    <span class="emission-place">
      <span>${formatHz((box.freq_low_hz + box.freq_high_hz) / 2, 7)}</span> <span>${sizeText(fromWire(box))}</span>
    </span>
  `;
}

/** When it began. @param {ArchivedBox} emission */
const whenText = ({ start_time, time_start_sec }) =>
  start_time ? `${start_time.slice(0, 23).replace("T", " ")}Z` : formatSeconds(time_start_sec, 6);

/**
 * The picture of a box, which is read when it comes into view.
 * @param {object} props
 * @param {string} props.archive
 * @param {Example} props.example
 * @param {string | null} props.name of its signal
 * @param {string} props.label
 */
export function BoxPictureOf({ archive, example, name, label }) {
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const inView = useInView(frame);
  const picture = useSignal(/** @type {BoxPicture | null} */ (null));
  const error = useSignal("");
  useEffect(() => {
    if (!inView || picture.peek() || connection.state.value !== "open") return undefined;
    let shown = true;
    readPicture(archive, example).then(
      (read) => shown && (picture.value = read),
      (/** @type {Error} */ { message }) => shown && (error.value = message),
    );
    return () => (shown = false);
  }, [inView, connection.state.value]);
  const read = picture.value;
  return html`
    <div ref=${frame}>
      ${
        error.value && !read
          ? html`<div class="thumbnail example-missing" title=${error.value}>no picture</div>`
          : html`<${Thumbnail}
            picture=${read ?? {}}
            boxes=${read ? [read.box] : []}
            color=${name ? boxColor(name) : NAMELESS}
            label=${label}
          />`
      }
    </div>
  `;
}

/** Whether an element has come into view. @param {{current: HTMLElement | null}} frame */
function useInView(frame) {
  const seen = useSignal(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        seen.value = true;
        observer.disconnect();
      },
      { rootMargin: AHEAD },
    );
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  return seen.value;
}
