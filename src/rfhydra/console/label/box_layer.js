// The boxes of a labelling above its spectrogram: those that are known, suggested and drawn, with the handles of one.
/** @import {Extent} from "../parts/extent.js" */
/** @import {Drawn} from "./draft.js" */
/** @import {Labelling} from "./labelling.js" */
import { boxColor } from "../colormaps.js";
import { formatShare } from "../units.js";
import { html, useEffect, useRef } from "../vendor/ui.js";
import { HANDLES } from "./box_tool.js";
import { overlap, placeText, rectangle, sizeText } from "./boxes.js";

const HANDLE_PIXELS = 7;
const LEAST_PIXELS = 3;
const LEAST_HANDLED = 14;
const NAMELESS = "#ffffff";

/** @param {{labelling: Labelling}} props */
export function BoxLayer({ labelling }) {
  const { view, draft, tool, suggestions, known } = labelling;
  const extent = view.extent.value;
  const changing = tool.changing.value;
  const group = useRef(/** @type {SVGGElement | null} */ (null));
  useFocus(group, draft);
  const isShown = (/** @type {{box: Extent}} */ { box }) => overlap(box, extent);
  const drawn = draft.boxes.value.map((each) => (each.id === changing?.id ? { ...each, box: changing.box } : each));
  return html`
    <g ref=${group}>
      ${known.value.filter(isShown).map((each, place) => html`<${KnownBox} key=${`k${place}`} labelling=${labelling} ...${each} />`)}
      ${suggestions.open.value
        .filter(isShown)
        .map((each) => html`<${SuggestedBox} key=${`s${each.id}`} labelling=${labelling} suggestion=${each} />`)}
      ${drawn.filter(isShown).map((each) => html`<${DrawnBox} key=${`d${each.id}`} labelling=${labelling} drawn=${each} />`)}
      ${changing?.id === null && html`<${NewBox} labelling=${labelling} box=${changing.box} />`}
    </g>
  `;
}

/**
 * Lets the focus follow the chosen box, and stay in the picture when a box is deleted.
 * @param {{current: SVGGElement | null}} group
 * @param {import("./draft.js").Draft} draft
 */
function useFocus(group, { chosenId }) {
  const before = useRef(chosenId.value);
  useEffect(() => {
    const id = chosenId.peek(); // newer than the rendered one where keys are fast
    if (before.current === id) return;
    before.current = id;
    const frame = /** @type {HTMLElement | null} */ (group.current?.closest(".spectrum-frame"));
    const focused = document.activeElement;
    if (!frame || !(focused === document.body || frame.contains(focused))) return;
    const chosen = group.current?.querySelector(`[data-box="${id}"]`) ?? frame;
    if (chosen !== focused) /** @type {SVGElement} */ (chosen).focus({ preventScroll: true });
  }, [chosenId.value]);
}

/** @param {{labelling: Labelling, box: Extent, name: string, negative: boolean, isSample: boolean}} props */
function KnownBox({ labelling, box, name, negative, isSample }) {
  const { x, y, width, height } = drawnRectangle(labelling, box);
  const state = isSample ? "saved" : "stated";
  return html`
    <g class=${`box box-${state} ${negative ? "box-negative" : ""}`} style=${{ color: boxColor(name) }}>
      <rect x=${x} y=${y} width=${width} height=${height} />
      <text x=${x} y=${Math.max(11, y - 4)}>${negative ? "not " : ""}${name}</text>
    </g>
  `;
}

/** @param {{labelling: Labelling, suggestion: import("./suggestions.js").Suggestion}} props */
function SuggestedBox({ labelling, suggestion }) {
  const { x, y, width, height } = drawnRectangle(labelling, suggestion.box);
  const chosen = labelling.suggestions.chosenId.value === suggestion.id;
  const what = suggestion.name ?? (chosen ? "no head claims it" : "");
  return html`
    <g
      class=${`box box-suggested ${chosen ? "box-chosen" : ""}`}
      style=${{ color: suggestion.name ? boxColor(suggestion.name) : NAMELESS }}
    >
      <rect x=${x} y=${y} width=${width} height=${height} />
      <text x=${x} y=${Math.max(11, y - 4)}>${what} ${formatShare(suggestion.score)}</text>
    </g>
  `;
}

/** @param {{labelling: Labelling, drawn: Drawn}} props */
function DrawnBox({ labelling, drawn }) {
  const { draft } = labelling;
  const { id, name, negative, box } = drawn;
  const { x, y, width, height } = drawnRectangle(labelling, box);
  const chosen = draft.chosenId.value === id;
  const title = `${negative ? "not " : ""}${name || "no name"}`;
  return html`
    <g
      class=${`box box-drawn ${chosen ? "box-chosen" : ""} ${negative ? "box-negative" : ""}`}
      style=${{ color: name ? boxColor(name) : NAMELESS }}
      data-box=${id}
      tabindex="0"
      role="button"
      aria-pressed=${chosen}
      aria-label=${`${title}, ${placeText(box)}`}
      onFocus=${() => (draft.chosenId.value = id)}
    >
      <rect x=${x} y=${y} width=${width} height=${height} />
      ${negative && html`<path d=${`M${x} ${y}l${width} ${height}m0 ${-height}l${-width} ${height}`} />`}
      <text x=${x} y=${Math.max(11, y - 4)}>${title}</text>
      ${chosen && html`<${Details} labelling=${labelling} box=${box} />`}
      ${
        chosen &&
        Math.min(width, height) >= LEAST_HANDLED &&
        HANDLES.map(
          (handle) => html`<rect
          key=${handle.name}
          class="handle"
          x=${x + handle.x * width - HANDLE_PIXELS / 2}
          y=${y + handle.y * height - HANDLE_PIXELS / 2}
          width=${HANDLE_PIXELS}
          height=${HANDLE_PIXELS}
        />`,
        )
      }
    </g>
  `;
}

/** @param {{labelling: Labelling, box: Extent}} props */
function NewBox({ labelling, box }) {
  const { x, y, width, height } = drawnRectangle(labelling, box);
  return html`
    <g class="box box-chosen" style=${{ color: NAMELESS }}>
      <rect x=${x} y=${y} width=${width} height=${height} />
      <${Details} labelling=${labelling} box=${box} />
    </g>
  `;
}

/** Size and place of a box: below it, and at the bottom of the picture. @param {{labelling: Labelling, box: Extent}} props */
function Details({ labelling, box }) {
  const { height } = labelling.view.size.value;
  const own = drawnRectangle(labelling, box);
  return html`
    <text x=${own.x} y=${Math.min(height - 22, own.y + own.height + 13)}>${sizeText(box)}</text>
    <text x="8" y=${height - 7}>${placeText(box)}</text>
  `;
}

/** A box on the screen, of which the smallest can still be seen. @param {Labelling} labelling @param {Extent} box */
function drawnRectangle({ view }, box) {
  const { x, y, width, height } = rectangle(view.extent.value, view.size.value, box);
  return { x, y, width: Math.max(LEAST_PIXELS, width), height: Math.max(LEAST_PIXELS, height) };
}
