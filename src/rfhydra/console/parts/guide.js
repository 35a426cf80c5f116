// The way to a first head in five steps, shown until there is one. What is done is read off the server's state.
import { addressOf } from "../router.js";
import { setting } from "../settings.js";
import { connection, heads, recordings, registry, sampleCounts, streams } from "../state.js";
import { html } from "../vendor/ui.js";

const ENOUGH = 5;
const dismissed = setting("guide-dismissed", false);

/** @returns {{title: string, text: string, view: string, done: boolean}[]} */
function steps() {
  const most = Math.max(0, ...Object.values(sampleCounts.value));
  const trained = Object.values(registry.value).some(({ active_version }) => active_version != null);
  const running = streams.value.some(({ state }) => state === "running");
  const opened = (recordings.value?.recordings.length ?? 0) > 0;
  return [
    {
      title: "Look",
      text: "Start a live source, or open a recording.",
      view: "live",
      done: running || opened || most > 0,
    },
    {
      title: "Box",
      text: "Freeze the waterfall and draw a box around an emission. Rough boxes will do.",
      view: opened ? "label" : "live",
      done: most > 0,
    },
    {
      title: "Five of them",
      text:
        most > 0
          ? `${most} of ${ENOUGH} windows of one signal are labelled.`
          : "Label five or more of the same signal.",
      view: "label",
      done: most >= ENOUGH || trained,
    },
    { title: "Train", text: "A few seconds make a head that knows the signal.", view: "train", done: trained },
    {
      title: "Watch",
      text: "Load the head: the live view boxes what it recognises.",
      view: "mission",
      done: trained && (heads.value?.heads.length ?? 0) > 0,
    },
  ];
}

export function Guide() {
  if (dismissed.value || connection.state.value !== "open") return null;
  const all = steps();
  const next = all.findIndex(({ done }) => !done);
  return html`
    <aside class="guide" aria-label="First steps">
      <ol>
        ${all.map(
          ({ title, text, view, done }, number) => html`
            <li key=${title} class=${done ? "done" : number === next ? "next" : ""}>
              <a href=${addressOf(view)}>
                <strong>
                  <span aria-hidden="true">${done ? "✓" : number + 1}</span> ${title}
                  <span class="visually-hidden">${done ? " (done)" : ""}</span>
                </strong>
                ${number === next && html`${" "}<span>${text}</span>`}
              </a>
            </li>
          `,
        )}
      </ol>
      <button type="button" class="quiet" onClick=${() => (dismissed.value = true)}>
        ${next < 0 ? "Done, close" : "Close"}
      </button>
    </aside>
  `;
}
