// Settings of this browser, which outlast its tab.
import { effect, signal } from "./vendor/ui.js";

/**
 * A setting that is kept.
 * @template T
 * @param {string} name
 * @param {T} initial
 * @returns {import("./vendor/ui.js").Signal<T>}
 */
export function setting(name, initial) {
  const key = `rfhydra-${name}`;
  const kept = signal(stored(key) ?? initial);
  effect(() => localStorage.setItem(key, JSON.stringify(kept.value)));
  return kept;
}

/** @param {string} key */
function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** Light, dark, or as the system is. */
export const theme = setting("theme", /** @type {"system" | "light" | "dark"} */ ("system"));
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
