// What is similar to one box, the most similar first.
/** @import {SimilarEmissions} from "#protocol" */
/** @import {Example} from "./address.js" */
import { Pending, useAnswer } from "../parts/answer.js";
import { addressOf } from "../router.js";
import { connection, recordings } from "../state.js";
import { counted, formatSeconds, formatShare } from "../units.js";
import { html } from "../vendor/ui.js";
import { BoxPictureOf, Emission, Place } from "./emission.js";

/** @param {{archive: string, example: Example}} props */
export function SimilarList({ archive, example }) {
  const { recording, recordingId, box } = example;
  const answer = useAnswer(JSON.stringify([archive, example]), () =>
    connection.ask("find_similar", { archive, recording, recording_id: recordingId, box }),
  );
  return html`
    <section class="panel" aria-labelledby="similar-title">
      <p><a href=${addressOf("archive", archive)}>‹ All hits</a></p>
      <h2 id="similar-title">Similar emissions</h2>
      <div class="archive-example">
        <${BoxPictureOf} archive=${archive} example=${example} name=${null} label="Spectrogram of the example" />
        <div>
          <strong>Example</strong>
          <${Place} box=${box} />
          <span class="quiet">at ${formatSeconds(box.time_start_sec, 6)}</span>
          <span class="quiet emission-recording"><${Where} example=${example} /></span>
        </div>
      </div>
      ${
        answer.value
          ? html`<${Found} archive=${archive} emissions=${answer.value.emissions} />`
          : html`<${Pending} answer=${answer} text="Comparing the example with every emission of the archive…" />`
      }
    </section>
  `;
}

/** The recording of the example. @param {{example: Example}} props */
function Where({ example: { recording, recordingId } }) {
  if (recording !== null) return recording;
  const held = recordings.value?.recordings.find(({ recording_id }) => recording_id === recordingId);
  return held
    ? html`<a href=${addressOf("label", held.recording_id)}>${held.name}</a>`
    : "a recording that is not on the server any more";
}

/** @param {{archive: string, emissions: SimilarEmissions["emissions"]}} props */
function Found({ archive, emissions }) {
  if (emissions.length === 0) return html`<p class="hint">There is no other emission in this archive.</p>`;
  return html`
    <p class="quiet" role="status">${counted(emissions.length, "emission")}, the most similar first.</p>
    <ul class="sheet emissions" aria-label="Similar emissions">
      ${emissions.map(
        (emission, place) => html`
          <${Emission} key=${place} archive=${archive} emission=${emission}>
            <span class="quiet">similarity ${formatShare(emission.similarity)}</span>
            ${emission.score != null && html`<span class="quiet">, score ${formatShare(emission.score)}</span>`}
          <//>
        `,
      )}
    </ul>
  `;
}
