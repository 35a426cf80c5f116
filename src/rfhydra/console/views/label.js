// Label: boxes in recordings and captures, which become samples of signals.
import { DropZone } from "../label/opener.js";
import { RecordingList } from "../label/recording_list.js";
import { RecordingEditor } from "../label/recording_editor.js";
import { connection, recordings } from "../state.js";
import { html } from "../vendor/ui.js";

/** @param {{rest: string[]}} props */
export function Label({ rest: [recordingId] }) {
  return html`<${DropZone}><${Contents} recordingId=${recordingId} /><//>`;
}

/** @param {{recordingId: string | undefined}} props */
function Contents({ recordingId }) {
  const known = recordings.value?.recordings;
  if (!recordingId) return html`<${RecordingList} />`;
  if (!known) return connection.state.value === "open" ? html`<p class="hint">Asking for the recordings…</p>` : null;
  const recording = known.find(({ recording_id }) => recording_id === recordingId);
  if (recording) return html`<${RecordingEditor} key=${recordingId} recording=${recording} />`;
  return html`
    <div class="empty">
      <h1>This recording is not on the server any more</h1>
      <p>Recordings that were not used for long make room for new ones. Samples that were labelled in it stay.</p>
      <p><a href="#label">To the recordings</a></p>
    </div>
  `;
}
