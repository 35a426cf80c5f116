// What operators do with the versions of a head. Each of these can be undone, and its notice has the button for it.
import { say } from "./parts/notices.js";
import { go } from "./router.js";
import { act, ask, registry } from "./state.js";

/** Loads the active head of a signal. @param {string} name */
export const loadHead = (name) =>
  act(async () => {
    const { versions } = await ask("load_heads", { signal_names: [name] });
    say(`Version ${versions[name]} of ${name} is loaded: live streams are searched for it.`, "good", {
      label: "Watch live",
      run: () => go("live"),
    });
  });

/** Loads the active head of a signal and shows the live view. @param {string} name */
export const loadAndWatch = (name) =>
  act(async () => {
    await ask("load_heads", { signal_names: [name] });
    go("live");
  });

/** @param {string} name */
export const unloadHead = (name) =>
  act(async () => {
    await ask("unload_heads", { signal_names: [name] });
    say(`The head of ${name} is unloaded: nothing is searched for it now.`, "info", {
      label: "Load it again",
      run: () => loadHead(name),
    });
  });

/** Makes a version the active one. @param {string} name @param {number} version */
export const promote = (name, version) =>
  act(async () => {
    const former = registry.peek()[name]?.active_version ?? null;
    await ask("promote_version", { signal_name: name, version });
    say(
      `Version ${version} of ${name} is the active one.`,
      "good",
      former == null ? undefined : undo(name, version, former),
    );
  });

/** Returns to the version that was active before. @param {string} name */
export const rollBack = (name) =>
  act(async () => {
    const former = registry.peek()[name]?.active_version;
    const { active_version } = await ask("rollback_signal", { signal_name: name });
    say(`Version ${active_version} of ${name} is the active one again.`, "good", {
      label: "Undo",
      run: () => former != null && promote(name, former),
    });
  });

/**
 * The button that takes a promotion back, unless another version was made active since.
 * @param {string} name
 * @param {number} version
 * @param {number} former
 */
function undo(name, version, former) {
  return {
    label: "Undo",
    run: () =>
      act(async () => {
        const active = registry.peek()[name]?.active_version;
        if (active !== version) {
          say(`Version ${active} of ${name} was made active since. Nothing was undone.`, "warning");
          return;
        }
        await ask("rollback_signal", { signal_name: name });
        say(`Version ${former} of ${name} is the active one again.`, "good");
      }),
  };
}
