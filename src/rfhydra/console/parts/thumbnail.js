// A small picture of a window with its boxes, cut to what surrounds them.
import { colors } from "../colormaps.js";
import { readNpy } from "../npy.js";
import { html, useEffect, useRef } from "../vendor/ui.js";

const WIDTH = 160;
const HEIGHT = 96;
const MARGIN = 0.6;

/** @import {Picture} from "../npy.js" */
/** @typedef {{x_min: number, y_min: number, x_max: number, y_max: number}} PixelBox */

/**
 * @param {object} props
 * @param {{spectrogram_b64?: string | null} | Picture} props.picture
 * @param {PixelBox[]} props.boxes the first one is in the middle
 * @param {(PixelBox & {color?: string})[]} [props.others] boxes that are drawn dashed
 * @param {string} [props.color]
 * @param {string} [props.label] what it shows
 */
export function Thumbnail({ picture, boxes, others = [], color = "#ffffff", label = "Spectrogram" }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const content = "pixels" in picture ? picture.pixels : picture.spectrogram_b64;
  useEffect(() => {
    if (!content || !canvas.current) return;
    const image = typeof content === "string" ? readNpy(content) : /** @type {Picture} */ (picture);
    draw(canvas.current, image, boxes, others, color);
  }, [content, JSON.stringify(boxes), JSON.stringify(others), color]);
  return html`<canvas ref=${canvas} class="thumbnail" width=${WIDTH} height=${HEIGHT} role="img" aria-label=${label}></canvas>`;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Picture} image
 * @param {PixelBox[]} boxes
 * @param {(PixelBox & {color?: string})[]} others
 * @param {string} color
 */
function draw(canvas, image, boxes, others, color) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const cut = surroundings(image, boxes[0] ?? others[0]);
  const pixels = context.createImageData(WIDTH, HEIGHT);
  const target = new Uint32Array(pixels.data.buffer);
  const map = new Uint32Array(colors("viridis").buffer);
  const { low, high } = contrast(image.pixels);
  for (let y = 0; y < HEIGHT; y++) {
    const rows = between(cut.y_min, cut.y_max, y, HEIGHT);
    for (let x = 0; x < WIDTH; x++) {
      const columns = between(cut.x_min, cut.x_max, x, WIDTH);
      let peak = 0;
      for (let row = rows.from; row < rows.to; row++)
        for (let column = columns.from; column < columns.to; column++)
          peak = Math.max(peak, image.pixels[row * image.columns + column]);
      target[y * WIDTH + x] = map[Math.max(0, Math.min(255, Math.round(((peak - low) / (high - low)) * 255)))];
    }
  }
  context.putImageData(pixels, 0, 0);
  const scale = { x: WIDTH / (cut.x_max - cut.x_min), y: HEIGHT / (cut.y_max - cut.y_min) };
  context.lineWidth = 1.5;
  const outline = (/** @type {PixelBox} */ box) =>
    context.strokeRect(
      (box.x_min - cut.x_min) * scale.x,
      (box.y_min - cut.y_min) * scale.y,
      (box.x_max - box.x_min) * scale.x,
      (box.y_max - box.y_min) * scale.y,
    );
  context.strokeStyle = color;
  boxes.forEach(outline);
  context.setLineDash([4, 3]);
  for (const box of others) {
    context.strokeStyle = box.color ?? "#ffffff";
    outline(box);
  }
}

/** @param {number} low @param {number} high @param {number} pixel @param {number} size */
function between(low, high, pixel, size) {
  const from = Math.floor(low + (pixel / size) * (high - low));
  return { from, to: Math.max(from + 1, Math.floor(low + ((pixel + 1) / size) * (high - low))) };
}

/** @param {Picture} image @param {PixelBox | undefined} box @returns {PixelBox} */
function surroundings({ rows, columns }, box) {
  if (!box) return { x_min: 0, y_min: 0, x_max: columns, y_max: rows };
  const width = Math.max(12, (box.x_max - box.x_min) * MARGIN);
  const height = Math.max(12, (box.y_max - box.y_min) * MARGIN);
  return {
    x_min: Math.max(0, Math.floor(box.x_min - width)),
    y_min: Math.max(0, Math.floor(box.y_min - height)),
    x_max: Math.min(columns, Math.ceil(box.x_max + width)),
    y_max: Math.min(rows, Math.ceil(box.y_max + height)),
  };
}

/** @param {Uint8Array} pixels */
function contrast(pixels) {
  const counts = new Uint32Array(256);
  for (const value of pixels) counts[value]++;
  let below = 0;
  let low = 0;
  while (low < 254 && (below += counts[low]) < pixels.length * 0.1) low++;
  let above = 0;
  let high = 255;
  while (high > low + 16 && (above += counts[high]) < pixels.length * 0.001) high--;
  return { low, high };
}
