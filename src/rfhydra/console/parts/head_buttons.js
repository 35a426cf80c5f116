// Whether the head of a signal is loaded, with the buttons that load and unload it.
import { loadAndWatch, loadHead, unloadHead } from "../heads.js";
import { addressOf } from "../router.js";
import { loadedVersions, registry } from "../state.js";
import { html } from "../vendor/ui.js";
import { WorkButton } from "./work_button.js";

/** @param {{name: string}} props */
export function HeadButtons({ name }) {
  const active = registry.value[name]?.active_version ?? null;
  const loaded = loadedVersions.value[name] ?? null;
  if (active == null && loaded == null) return null;
  return html`
    <div class="head-buttons" role="group" aria-label="Loaded head">
      <span>
        ${
          loaded == null
            ? "The head is not loaded: streams are not searched for it."
            : loaded === active
              ? html`Version ${loaded} is <span class="tag tag-good">loaded</span>`
              : `Version ${loaded} is loaded, and version ${active} is the active one.`
        }
      </span>
      ${
        loaded !== active &&
        active != null &&
        html`
        <${WorkButton} run=${() => loadHead(name)}>Load version ${active}<//>
        <${WorkButton} run=${() => loadAndWatch(name)}>Load and watch live<//>
      `
      }
      ${loaded != null && html`<${WorkButton} run=${() => unloadHead(name)}>Unload<//>`}
      ${loaded != null && loaded === active && html`<a class="button" href=${addressOf("live")}>Watch live</a>`}
    </div>
  `;
}
