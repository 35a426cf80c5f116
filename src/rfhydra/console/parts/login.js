// Asks for the token where the server wants one.
import { connection } from "../state.js";
import { html, useEffect, useRef } from "../vendor/ui.js";

export function Login() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const wanted = connection.state.value === "token";
  useEffect(() => {
    if (wanted) dialog.current?.showModal();
    else dialog.current?.close();
  }, [wanted]);
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    connection.login(String(new FormData(form).get("token")));
    form.reset();
  };
  return html`
    <dialog ref=${dialog} class="login" aria-labelledby="login-title" onCancel=${(/** @type {Event} */ event) => event.preventDefault()}>
      <form onSubmit=${submit}>
        <h1 id="login-title">rfhydra</h1>
        <label>
          Token of the server
          <input name="token" type="password" autocomplete="current-password" required autofocus />
        </label>
        <p class="error-text" role="alert">${connection.reason}</p>
        <button type="submit" class="primary">Connect</button>
      </form>
    </dialog>
  `;
}
