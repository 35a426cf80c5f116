// The versions of a head: their rates, notes and which one is active, with what can be done with each.
/** @import {VersionInfo} from "#protocol" */
import { promote } from "../heads.js";
import { addressOf, go } from "../router.js";
import { ask, loadedVersions, server } from "../state.js";
import { formatShare, formatTime } from "../units.js";
import { html, useEffect, useRef, useSignal } from "../vendor/ui.js";
import { WorkButton } from "./work_button.js";

/**
 * @param {object} props
 * @param {string} props.name
 * @param {VersionInfo[]} props.versions
 * @param {number | null} props.shown whose details are shown
 * @param {number[]} props.compared
 * @param {() => Promise<void>} props.onNoted called when notes have changed
 */
export function VersionTable({ name, versions, shown, compared, onNoted }) {
  const chosen = useSignal(/** @type {number[]} */ ([]));
  useEffect(() => {
    if (compared.length === 2) chosen.value = compared;
  }, [compared.join()]);
  const toggle = (/** @type {number} */ version) => {
    const others = chosen.value.filter((each) => each !== version);
    chosen.value = others.length < chosen.value.length ? others : [...others, version].slice(-2);
  };
  const [a, b] = [...chosen.value].sort((one, other) => one - other);
  return html`
    <div class="table-scroll">
      <table class="versions">
        <thead>
          <tr>
            <th scope="col"><span class="visually-hidden">compare</span></th>
            <th scope="col">version</th>
            <th scope="col" class="number">F1</th>
            <th scope="col" class="number">precision</th>
            <th scope="col" class="number">recall</th>
            <th scope="col" class="number">samples</th>
            <th scope="col">trained</th>
            <th scope="col">notes</th>
            <th scope="col"><span class="visually-hidden">promote</span></th>
          </tr>
        </thead>
        <tbody>
          ${[...versions].reverse().map(
            (info) => html`
              <${Row}
                key=${info.version}
                name=${name}
                info=${info}
                isShown=${info.version === shown}
                isChosen=${chosen.value.includes(info.version)}
                onToggle=${() => toggle(info.version)}
                onNoted=${onNoted}
              />
            `,
          )}
        </tbody>
      </table>
    </div>
    ${
      versions.length > 1 &&
      html`<p class="toolbar">
      <button type="button" disabled=${b == null} onClick=${() => go("versions", name, a, b)}>
        ${b == null ? "Compare: choose two versions" : `Compare versions ${a} and ${b}`}
      </button>
    </p>`
    }
  `;
}

/**
 * @param {object} props
 * @param {string} props.name
 * @param {VersionInfo} props.info
 * @param {boolean} props.isShown
 * @param {boolean} props.isChosen
 * @param {() => void} props.onToggle
 * @param {() => Promise<void>} props.onNoted
 */
function Row({ name, info, isShown, isChosen, onToggle, onNoted }) {
  const { version } = info;
  return html`
    <tr class=${isShown ? "chosen" : ""}>
      <td>
        <input type="checkbox" aria-label=${`Compare version ${version}`} checked=${isChosen} onChange=${onToggle} />
      </td>
      <th scope="row">
        <a href=${addressOf("versions", name, version)} aria-current=${isShown ? "true" : undefined}>version ${version}</a>
        ${info.is_active && html` <span class="tag tag-good">active</span>`}
        ${loadedVersions.value[name] === version && html` <span class="tag tag-good">loaded</span>`}
        ${info.provisional && html` <span class="tag tag-warning">provisional</span>`}
        ${info.kind !== "embedding" && html` <span class="tag">${info.kind}</span>`}
      </th>
      <td class="number">${formatShare(info.f1_score)}</td>
      <td class="number">${formatShare(info.precision)}</td>
      <td class="number">${formatShare(info.recall)}</td>
      <td class="number">${info.sample_count}</td>
      <td>${formatTime(info.created_at)}</td>
      <td><${Notes} name=${name} info=${info} onNoted=${onNoted} /></td>
      <td>
        ${
          !info.is_active &&
          html`<${WorkButton} label=${`Promote version ${version}`} run=${() => promote(name, version)}>Promote<//>`
        }
      </td>
    </tr>
  `;
}

/** @param {{name: string, info: VersionInfo, onNoted: () => Promise<void>}} props */
function Notes({ name, info: { version, notes }, onNoted }) {
  const editing = useSignal(false);
  const working = useSignal(false);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    if (editing.value) input.current?.focus();
  }, [editing.value]);
  if (!editing.value)
    return html`
      <button
        type="button"
        class="link"
        aria-label=${`Notes of version ${version}: ${notes || "none"}. Edit`}
        title="Edit the notes"
        onClick=${() => (editing.value = true)}
      >
        ${notes || html`<span class="quiet">add notes</span>`}
      </button>
    `;
  const save = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    working.value = true;
    try {
      await ask("set_version_notes", { signal_name: name, version, notes: input.current?.value.trim() ?? "" });
      await onNoted();
      editing.value = false;
    } catch {
      // `ask` has told why; the text stays to be mended.
    } finally {
      working.value = false;
    }
  };
  return html`
    <form class="inline" onSubmit=${save}>
      <input
        ref=${input}
        aria-label=${`Notes of version ${version}`}
        defaultValue=${notes ?? ""}
        maxlength=${server.value?.limits.max_notes_length}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && (editing.value = false)}
      />
      <button type="submit" disabled=${working.value}>Save</button>
    </form>
  `;
}
