// Emissions that no head claims, in clusters: labelling one labels all windows that are kept of it.
/** @import {UnknownInfo} from "#protocol" */
import { act, ask, connection, signalNames } from "../state.js";
import { counted, formatHz, formatSeconds, formatTime } from "../units.js";
import { html, useEffect, useId, useSignal } from "../vendor/ui.js";
import { say } from "./notices.js";
import { Thumbnail } from "./thumbnail.js";

const REFRESH_MS = 5000;
const SHOWN = 8;

export function UnknownList() {
  const clusters = useSignal(/** @type {UnknownInfo[]} */ ([]));
  const refresh = async () => {
    if (connection.state.peek() !== "open") return;
    const answer = await connection.ask("get_unknown", { include_example: true, least: 2, limit: SHOWN });
    clusters.value = answer.clusters.filter(({ signal_name }) => signal_name == null);
  };
  useEffect(() => {
    act(refresh);
    const timer = setInterval(() => act(refresh), REFRESH_MS);
    return () => clearInterval(timer);
  }, [connection.state.value]);
  if (clusters.value.length === 0) return null;
  return html`
    <h2>Unknown emissions</h2>
    <ul class="unknown">
      ${clusters.value.map((cluster) => html`<${Cluster} key=${cluster.cluster_id} cluster=${cluster} onLabelled=${refresh} />`)}
    </ul>
  `;
}

/** @param {{cluster: UnknownInfo, onLabelled: () => Promise<void>}} props */
function Cluster({ cluster, onLabelled }) {
  const names = useId();
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("name"));
    act(async () => {
      await ask("label_unknown", { cluster_id: cluster.cluster_id, signal_name: name });
      say(`${counted(cluster.windows, "window")} labelled ${name}.`, "good");
      await onLabelled();
    });
  };
  const { example } = cluster;
  return html`
    <li>
      ${example && html`<${Thumbnail} picture=${example} boxes=${example.boxes} />`}
      <div>
        <strong>seen ${counted(cluster.emissions, "time")}</strong>
        <span class="quiet">
          ${`${formatHz(cluster.center_freq_hz, 7)}, ${formatHz(cluster.bandwidth_hz, 3)} wide, ${formatSeconds(cluster.duration_sec)} long, last ${formatTime(cluster.last_seen)}`}
        </span>
        <form class="inline" onSubmit=${submit}>
          <input name="name" list=${names} required placeholder="name it" aria-label="Signal name" size="16" />
          <datalist id=${names}>${signalNames.value.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
          <button type="submit" disabled=${cluster.windows === 0}>Label ${counted(cluster.windows, "window")}</button>
        </form>
      </div>
    </li>
  `;
}
