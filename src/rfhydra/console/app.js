// The console: navigation, the state of the connection, and the view that the address names.
import { Guide } from "./parts/guide.js";
import { Login } from "./parts/login.js";
import { Notices } from "./parts/notices.js";
import { addressOf, route } from "./router.js";
import { theme } from "./settings.js";
import { connection, metrics, server, streams } from "./state.js";
import { counted, formatHz } from "./units.js";
import { html, render, useEffect } from "./vendor/ui.js";
import { VIEWS } from "./views/views.js";

const THEMES = /** @type {const} */ ({ system: "light", light: "dark", dark: "system" });

function App() {
  const view = VIEWS.find(({ name }) => name === route.value.view) ?? VIEWS[0];
  useEffect(() => {
    document.title = `${view.title} – rfhydra`;
  }, [view]);
  return html`
    <a class="skip" href="#main" onClick=${toMain}>To the content</a>
    <${Navigation} current=${view.name} />
    <div class="column">
      <${Connection} />
      <${Guide} />
      <main id="main" tabindex="-1" aria-label=${view.title}>
        <${view.component} key=${view.name} rest=${route.value.rest} />
      </main>
    </div>
    <${Notices} />
    <${Login} />
  `;
}

/** @param {MouseEvent} event */
function toMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {{current: string}} props */
function Navigation({ current }) {
  useEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      const view = event.altKey && VIEWS[Number(event.key) - 1];
      if (view) location.hash = addressOf(view.name);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return html`
    <nav aria-label="Views">
      <a class="brand" href="#live" aria-label="rfhydra">
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
          <path d="M4 26c5 0 5-9 9-9s3 6 6 6 4-17 9-17" fill="none" stroke="currentColor" stroke-width="2.6" />
          <rect x="16.5" y="4" width="12" height="20" rx="2" fill="none" stroke="var(--accent)" stroke-width="2.2" />
        </svg>
        <span>rfhydra</span>
      </a>
      ${VIEWS.map(
        ({ name, title, icon }, number) => html`
          <a
            key=${name}
            href=${addressOf(name)}
            aria-current=${name === current ? "page" : undefined}
            title=${`${title} (Alt+${number + 1})`}
          >
            <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d=${icon} /></svg>
            <span>${title}</span>
          </a>
        `,
      )}
      <button type="button" class="quiet theme" onClick=${() => (theme.value = THEMES[theme.value])}>
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
          <path d="M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18" />
        </svg>
        <span>Theme: ${theme.value}</span>
      </button>
    </nav>
  `;
}

const STATES = {
  connecting: "Connecting to the server…",
  waiting: "The connection to the server is lost. Trying again; nothing you labelled or trained is lost.",
  token: "The server wants a token.",
  open: "",
};

function Connection() {
  const state = connection.state.value;
  const dropped = streams.value.reduce((sum, stream) => sum + stream.dropped_samples, 0);
  const text = (state === "waiting" && connection.reason.value) || STATES[state];
  if (state !== "open")
    return html`
      <header class="connection connection-lost">
        <span role="alert">${text}</span>
        ${state === "waiting" && html`<button type="button" onClick=${() => connection.connect()}>Try now</button>`}
      </header>
    `;
  const spec = server.value?.spectrogram;
  return html`
    <header class="connection">
      <span class="dot" aria-hidden="true"></span>
      <span>${location.host}</span>
      <span class="quiet">backbone ${server.value?.backbone.id.slice(0, 8)}</span>
      ${spec && html`<span class="quiet wide">FFT ${spec.fft_size}, hop ${spec.hop}, window ${spec.cols} × ${spec.rows}</span>`}
      ${metrics.value && html`<span class="quiet wide">${counted(metrics.value.loaded_heads, "head")} loaded</span>`}
      ${streams.value
        .filter(({ state }) => state === "running")
        .map(
          ({ stream_id, center_freq_hz }) =>
            html`<span key=${stream_id} class="tag">
              ${stream_id}${center_freq_hz == null ? "" : ` ${formatHz(center_freq_hz)}`}
            </span>`,
        )}
      ${dropped > 0 && html`<span class="tag tag-warning">samples dropped: detection is too slow</span>`}
    </header>
  `;
}

render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
connection.connect();
