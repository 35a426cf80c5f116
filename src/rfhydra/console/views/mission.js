// Mission: the heads that are loaded, their thresholds, and what they cost.
/** @import {CurvePoint, StreamStatus} from "#protocol" */
import { boxColor } from "../colormaps.js";
import { loadHead, unloadHead } from "../heads.js";
import { MissionList } from "../parts/mission_list.js";
import { ThresholdSlider } from "../parts/threshold_slider.js";
import { WorkButton } from "../parts/work_button.js";
import { addressOf } from "../router.js";
import { act, ask, connection, heads, metrics, registry, streams } from "../state.js";
import { formatHz, formatSeconds, formatShare } from "../units.js";
import { html, useEffect, useSignal } from "../vendor/ui.js";

export function Mission() {
  const curves = useCurves();
  const loaded = heads.value?.heads ?? [];
  const idle = Object.entries(registry.value).filter(
    ([name, entry]) => entry.active_version != null && !loaded.includes(name),
  );
  if (loaded.length === 0 && idle.length === 0) return html`<${NoHeads} />`;
  const loadAll = () => ask("load_heads", { signal_names: idle.map(([name]) => name) });
  return html`
    <div class="panels">
      <section class="panel mission-heads" aria-label="Loaded heads">
        <h1>Loaded heads</h1>
        ${loaded.length === 0 && html`<p class="hint">None: nothing is detected. Load heads, or a mission.</p>`}
        <ul class="plain">
          ${loaded.map((name) => html`<${LoadedHead} key=${name} name=${name} curve=${curves.value.get(name) ?? []} />`)}
        </ul>
        ${
          loaded.length > 0 &&
          html`<p class="legend"><span class="curve-precision">precision</span> <span class="curve-recall">recall</span> by threshold, from 0 to 1</p>`
        }
        ${idle.length > 0 && html`<h2>Other heads</h2>`}
        <ul class="plain">
          ${idle.map(
            ([name, entry]) => html`
              <li key=${name}>
                <span class="swatch" style=${{ background: boxColor(name) }}></span>${name}${" "}
                <span class="quiet">${`version ${entry.active_version}, F1 ${formatShare(entry.f1_score)}`}</span>
                <${WorkButton} run=${() => loadHead(name)}>Load<//>
              </li>
            `,
          )}
        </ul>
        ${idle.length > 1 && html`<${WorkButton} class="primary" run=${loadAll}>Load all<//>`}
      </section>
      <section class="panel" aria-label="Missions and costs">
        <${MissionList} loaded=${loaded.length} />
        <${Costs} />
      </section>
    </div>
  `;
}

/** Curves of the loaded heads by signal, read once for each version. */
function useCurves() {
  const curves = useSignal(/** @type {Map<string, CurvePoint[]>} */ (new Map()));
  const versions = heads.value?.versions ?? {};
  useEffect(() => {
    if (connection.state.value !== "open") return;
    act(async () => {
      for (const [signal_name, version] of Object.entries(versions)) {
        const { validation } = await connection.ask("get_version", { signal_name, version });
        curves.value = new Map(curves.value).set(signal_name, validation?.curve ?? []);
      }
    });
  }, [JSON.stringify(versions), connection.state.value]);
  return curves;
}

/** @param {{name: string, curve: CurvePoint[]}} props */
function LoadedHead({ name, curve }) {
  const threshold = heads.value?.thresholds?.[name];
  const version = heads.value?.versions[name];
  const newer = registry.value[name]?.active_version;
  return html`
    <li class="loaded-head">
      <span>
        <span class="swatch" style=${{ background: boxColor(name) }}></span>
        <a href=${addressOf("versions", name)}>${name}</a> <span class="quiet">${` version ${version}`}</span>
        ${
          newer != null &&
          newer !== version &&
          html`<${WorkButton} run=${() => loadHead(name)}>Take version ${newer}<//>`
        }
      </span>
      ${threshold && html`<${ThresholdSlider} signalName=${name} threshold=${threshold} curve=${curve} />`}
      <${WorkButton} run=${() => unloadHead(name)}>Unload<//>
    </li>
  `;
}

function Costs() {
  const running = streams.value.filter(({ state }) => state === "running");
  const share = metrics.value?.cpu_share;
  return html`
    <h2>What it costs</h2>
    ${share != null && html`<p>The server uses ${share.toFixed(2)} processor cores.</p>`}
    ${
      running.length === 0
        ? html`<p class="hint">No stream runs. <a href="#live">Start one</a> to see latency and drops.</p>`
        : html`
          <table>
            <thead>
              <tr>
                <th scope="col">stream</th>
                <th scope="col" class="number">rate</th>
                <th scope="col" class="number" title="Seconds of signal that are processed in one second">× real time</th>
                <th scope="col" class="number" title="Time that a window takes, median">window</th>
                <th scope="col" class="number" title="Time within which 99 of 100 windows are done">99 %</th>
                <th scope="col" class="number" title="Share of windows that held nothing to look at">empty</th>
                <th scope="col" class="number">dropped</th>
                <th scope="col" class="number">lost</th>
              </tr>
            </thead>
            <tbody>
              ${running.map((stream) => html`<${StreamRow} key=${stream.stream_id} stream=${stream} />`)}
            </tbody>
          </table>
        `
    }
  `;
}

/** @param {{stream: StreamStatus}} props */
function StreamRow({ stream }) {
  const rate = stream.sample_rate_hz || 1;
  const { real_time_factor: speed, windows, empty_windows, window_sec_p50, window_sec_p99 } = stream;
  return html`
    <tr>
      <th scope="row">${stream.stream_id}</th>
      <td class="number">${formatHz(rate, 4)}</td>
      <td class="number">${speed == null ? "–" : speed.toFixed(1)}</td>
      <td class="number">${window_sec_p50 == null ? "–" : formatSeconds(window_sec_p50)}</td>
      <td class="number">${window_sec_p99 == null ? "–" : formatSeconds(window_sec_p99)}</td>
      <td class="number">${windows ? `${Math.round((100 * empty_windows) / windows)} %` : "–"}</td>
      <td class="number">${formatSeconds(stream.dropped_samples / rate)}</td>
      <td class="number">${formatSeconds(stream.lost_samples / rate)}</td>
    </tr>
  `;
}

function NoHeads() {
  return html`
    <div class="empty">
      <h1>No heads yet</h1>
      <p>
        A head detects one signal. <a href="#label">Draw five boxes</a> of a signal and <a href="#train">train</a> its first
        one; it can be loaded here a moment later.
      </p>
    </div>
  `;
}
