// Which view is shown, from the part of the address behind the `#`, such as `#versions/garage-remote`.
import { signal } from "./vendor/ui.js";

/** @returns {{view: string, rest: string[]}} */
function read() {
  const [view, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
  return { view: view || "live", rest };
}

export const route = signal(read());
addEventListener("hashchange", () => (route.value = read()));

/** The address of a view. @param {string} view @param {...(string | number)} rest */
export const addressOf = (view, ...rest) => `#${[view, ...rest].map(encodeURIComponent).join("/")}`;

/** Shows a view. @param {string} view @param {...(string | number)} rest */
export function go(view, ...rest) {
  location.hash = addressOf(view, ...rest);
}
