// The detectability card of a version: what it detects at which SNR, and how often it is wrong.
/** @import {CardProgress} from "#protocol" */
import { ask, cardWork, connection } from "../state.js";
import { formatTime } from "../units.js";
import { html, useEffect } from "../vendor/ui.js";
import { cardInWords } from "../words.js";
import { useAnswer } from "./answer.js";
import { WorkButton } from "./work_button.js";

/** @param {{name: string, version: number}} props */
export function DetectabilityCard({ name, version }) {
  const work = cardWork.value;
  const own = work?.signal_name === name && work.version === version ? work : null;
  const answer = useAnswer(`${name} ${version}`, () =>
    connection.ask("get_card", { signal_name: name, version, include_picture: true }),
  );
  useEffect(() => {
    if (own?.type === "card_complete") answer.again();
  }, [own]);
  const progress = own ? (own.type === "card_progress" ? own : null) : (answer.value?.progress ?? null);
  const card = answer.value?.card ?? null;
  const make = () => ask("make_card", { signal_name: name, version });
  return html`
    <section class="panel" aria-label="Detectability card">
      <h2>Detectability card</h2>
      ${answer.error && html`<p class="error-text">${answer.error}</p>`}
      ${
        card
          ? html`<${Figures} card=${card} name=${name} version=${version} picture=${answer.value?.picture_b64 ?? null} />`
          : answer.value &&
            html`<p class="hint">
            There is none yet. It says down to which SNR this version detects the signal, where in the band, and how often it is
            wrong: its bursts are mixed into other stored windows at many levels. That takes a minute or more.
          </p>`
      }
      ${own?.type === "card_failed" && html`<p class=${own.code === "cancelled" ? "hint" : "error-text"}>${own.error}</p>`}
      ${
        progress
          ? html`<${Measuring} progress=${progress} />`
          : answer.value && html`<${WorkButton} run=${make}>${card ? "Measure again" : "Measure it"}<//>`
      }
    </section>
  `;
}

/** @param {{progress: CardProgress}} props */
function Measuring({ progress: { stage, done, total } }) {
  return html`
    <div class="training-title">
      <strong role="status">
        ${stage === "waiting" ? "Waiting for the training that runs" : `Measuring: ${stage}`}${total != null && ` ${done} of ${total}`}
      </strong>
      <${WorkButton} label="Cancel the measurement" run=${() => ask("cancel_card", {})}>Cancel<//>
    </div>
    <progress max=${total ?? undefined} value=${total == null ? undefined : done} aria-label="Measurement of the card"></progress>
  `;
}

/**
 * @param {object} props
 * @param {Record<string, any>} props.card
 * @param {string} props.name
 * @param {number} props.version
 * @param {string | null} props.picture base64 of a PNG
 */
function Figures({ card, name, version, picture }) {
  return html`
    <ul>
      ${cardInWords(card).map((line) => html`<li key=${line}>${line}</li>`)}
    </ul>
    ${
      picture &&
      html`<img
      class="card-picture"
      src=${`data:image/png;base64,${picture}`}
      alt=${`Detectability of version ${version} of ${name}: ${cardInWords(card).join(" ")}`}
    />`
    }
    <p class="hint">Measured ${formatTime(card.created_at)}.</p>
  `;
}
