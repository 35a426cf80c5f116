// An answer of the server that a part of a view is made of.
import { CommandError } from "../connection.js";
import { connection } from "../state.js";
import { html, useEffect, useSignal } from "../vendor/ui.js";

/**
 * @template T
 * @typedef {object} Answer
 * @property {T | null} value null until it is there
 * @property {string} error why it is not there; empty where there is none
 * @property {() => Promise<void>} again asks once more; what is there stays until then
 */

/**
 * Asks whenever the key changes and whenever the connection is made again.
 * @template T
 * @param {string} key what is asked for; empty for nothing
 * @param {() => Promise<T>} ask
 * @returns {Answer<T>}
 */
export function useAnswer(key, ask) {
  const state = useSignal(
    /** @type {{key: string, value: T | null, error: string}} */ ({ key, value: null, error: "" }),
  );
  const again = async () => {
    if (!key || connection.state.peek() !== "open") return;
    try {
      state.value = { key, value: await ask(), error: "" };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (error.code !== "disconnected") state.value = { key, value: null, error: error.message };
    }
  };
  useEffect(() => {
    again();
  }, [key, connection.state.value === "open"]);
  const { value, error } = state.value.key === key ? state.value : { value: null, error: "" };
  return { value, error, again };
}

/**
 * What is shown until an answer is there.
 * @param {object} props
 * @param {Answer<any>} props.answer
 * @param {string} props.text what is waited for
 */
export function Pending({ answer, text }) {
  if (!answer.error) return html`<p class="quiet" role="status">${text}</p>`;
  return html`
    <p class="error-text" role="alert">${answer.error}</p>
    <p><button type="button" onClick=${answer.again}>Try again</button></p>
  `;
}
