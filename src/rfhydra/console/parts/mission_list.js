// Missions: named sets of heads with their thresholds.
/** @import {Mission} from "#protocol" */
import { act, ask, missions } from "../state.js";
import { counted, formatTime } from "../units.js";
import { html } from "../vendor/ui.js";
import { say } from "./notices.js";

/** @param {{loaded: number}} props number of loaded heads */
export function MissionList({ loaded }) {
  const save = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const name = String(new FormData(form).get("name"));
    act(async () => {
      await ask("save_mission", { mission_name: name });
      form.reset();
      say(`Mission ${name} saved: ${counted(loaded, "head")} with their thresholds.`, "good");
    });
  };
  return html`
    <h2>Missions</h2>
    ${
      missions.value.length === 0 &&
      html`<p class="hint">A mission keeps the loaded heads and their thresholds under a name, to be loaded again at once.</p>`
    }
    <ul class="plain missions">
      ${missions.value.map((mission) => html`<${MissionItem} key=${mission.mission_name} mission=${mission} />`)}
    </ul>
    <form class="inline" onSubmit=${save}>
      <input name="name" required placeholder="harbour-night" aria-label="Name of the mission" size="18" />
      <button type="submit" disabled=${loaded === 0}>Save what is loaded</button>
    </form>
  `;
}

/** @param {{mission: Mission}} props */
function MissionItem({ mission }) {
  const { mission_name: name, heads, saved_at } = mission;
  const load = () =>
    act(async () => {
      const { heads: now } = await ask("load_mission", { mission_name: name });
      say(`Mission ${name}: ${counted(now.length, "head")} loaded.`, "good");
    });
  const remove = () =>
    act(async () => {
      await ask("delete_mission", { mission_name: name });
      say(`Mission ${name} deleted.`, "info", {
        label: "Undo",
        run: () => act(() => ask("save_mission", { mission_name: name, heads })),
      });
    });
  return html`
    <li>
      <strong>${name}</strong>${" "}
      <span class="quiet">${`${heads.map(({ signal_name }) => signal_name).join(", ")}; saved ${formatTime(saved_at)}`}</span>
      <div class="button-group">
        <button type="button" onClick=${load}>Load</button>
        <button type="button" class="danger" onClick=${remove}>Delete</button>
      </div>
    </li>
  `;
}
