// Two versions of a head on the same boxes, on which neither was trained.
/** @import {ComparedBox, ComparedVersion, VersionComparison} from "#protocol" */
import { promote } from "../heads.js";
import { connection, registry } from "../state.js";
import { counted, formatShare } from "../units.js";
import { html, useSignal } from "../vendor/ui.js";
import { basisInWords, gainInWords, rateWithInterval } from "../words.js";
import { Pending, useAnswer } from "./answer.js";
import { Example } from "./example.js";
import { ThresholdCurve } from "./validation.js";
import { WorkButton } from "./work_button.js";

const PAGE = 24;

/** @param {{name: string, a: number, b: number}} props */
export function Comparison({ name, a, b }) {
  const ask = (/** @type {string | null} */ cursor) =>
    connection.ask("compare_versions", { signal_name: name, versions: [a, b], limit: PAGE, cursor });
  const answer = useAnswer(`${name} ${a} ${b}`, () => ask(null));
  const more = useSignal(/** @type {VersionComparison[]} */ ([]));
  const compared = answer.value;
  if (!compared)
    return html`
      <section class="panel" aria-label="Comparison">
        <h2>Version ${a} and version ${b}</h2>
        <${Pending} answer=${answer} text="Both versions look at the same boxes…" />
        ${!answer.error && html`<progress aria-label="Comparing"></progress>`}
      </section>
    `;
  const cursor = (more.value.at(-1) ?? compared).next_cursor;
  const boxes = [compared, ...more.value].flatMap(({ found }) => found);
  return html`
    <section class="panel result" aria-label="Comparison">
      <h2>Version ${a} and version ${b}</h2>
      <p>
        ${gainInWords(compared)} <span class="quiet">${basisInWords(compared)}</span>
      </p>
      <${RateTable} a=${compared.a} b=${compared.b} />
      <${PromoteOther} name=${name} a=${a} b=${b} />
      <div class="charts">
        ${[compared.a, compared.b].map(
          ({ version, curve, threshold }) =>
            html`<${ThresholdCurve} key=${version} title=${`Version ${version} by threshold`} curve=${curve} threshold=${threshold} />`,
        )}
      </div>
      <${Boxes} a=${a} b=${b} boxes=${boxes} />
      ${
        cursor &&
        html`<${WorkButton}
        run=${async () => {
          more.value = [...more.value, await ask(cursor)];
        }}
      >
        More boxes
      <//>`
      }
    </section>
  `;
}

/** @param {{a: ComparedVersion, b: ComparedVersion}} props */
function RateTable({ a, b }) {
  const rows = /** @type {const} */ ([
    ["F1", "f1_score"],
    ["precision", "precision"],
    ["recall", "recall"],
  ]);
  return html`
    <table class="compared">
      <caption>Rates with 90 % intervals, each version at its own threshold</caption>
      <thead>
        <tr>
          <td></td>
          <th scope="col">version ${a.version}</th>
          <th scope="col">version ${b.version}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([label, key]) => html`
            <tr key=${key}>
              <th scope="row">${label}</th>
              ${[a, b].map((one) => html`<td>${rateWithInterval(one[key], one.intervals[key])}</td>`)}
            </tr>
          `,
        )}
        <tr>
          <th scope="row">false detections</th>
          <td>${a.false_count}</td>
          <td>${b.false_count}</td>
        </tr>
        <tr>
          <th scope="row">threshold</th>
          <td>${formatShare(a.threshold)}</td>
          <td>${formatShare(b.threshold)}</td>
        </tr>
      </tbody>
    </table>
  `;
}

/** @param {{name: string, a: number, b: number}} props */
function PromoteOther({ name, a, b }) {
  const active = registry.value[name]?.active_version;
  return html`
    <div class="toolbar">
      ${[a, b].map((version) =>
        version === active
          ? html`<span key=${version} class="tag tag-good">version ${version} is active</span>`
          : html`<${WorkButton} key=${version} run=${() => promote(name, version)}>Promote version ${version}<//>`,
      )}
    </div>
  `;
}

/** @param {{a: number, b: number, boxes: ComparedBox[]}} props */
function Boxes({ a, b, boxes }) {
  const groups = [
    {
      title: `Only version ${b} finds`,
      boxes: boxes.filter((box) => !box.found_by_a && box.found_by_b),
      color: "#66d19e",
    },
    {
      title: `Only version ${a} finds`,
      boxes: boxes.filter((box) => box.found_by_a && !box.found_by_b),
      color: "#ffb454",
    },
    { title: "Neither finds", boxes: boxes.filter((box) => !box.found_by_a && !box.found_by_b), color: "#ff8a80" },
  ];
  const both = boxes.filter((box) => box.found_by_a && box.found_by_b).length;
  return html`
    ${groups.slice(0, 2).every((group) => group.boxes.length === 0) && html`<h3>They find the same boxes</h3>`}
    ${groups
      .filter((group) => group.boxes.length > 0)
      .map(
        (group) => html`
          <h3 key=${group.title}>${group.title} ${counted(group.boxes.length, "box", "boxes")}</h3>
          <ul class="examples">
            ${group.boxes.map(
              ({ sample_id, box, score_a, score_b }) => html`
                <${Example} key=${`${sample_id} ${box.x_min} ${box.y_min}`} sampleId=${sample_id} box=${box} color=${group.color} what="Box">
                  <span>score ${formatShare(score_a)} and ${formatShare(score_b)}</span>
                <//>
              `,
            )}
          </ul>
        `,
      )}
    ${both > 0 && html`<p class="hint">Both find ${both === boxes.length ? "all of them" : `${counted(both, "other box", "other boxes")}`}.</p>`}
  `;
}
