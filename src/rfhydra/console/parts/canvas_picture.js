// Draws levels in colours where the browser has no WebGL2: pixel by pixel, the strongest of those that fall into one.
/** @import {ColorMap} from "../colormaps.js" */
/** @import {Extent} from "./extent.js" */
/** @import {Levels} from "./levels.js" */
import { colors, EMPTY } from "../colormaps.js";

const MOST_TEXELS = 8;
const [EMPTY_COLOR] = new Uint32Array(new Uint8Array([...EMPTY, 255]).buffer);

/** A picture of levels on a canvas, drawn by the processor. */
export class CanvasPicture {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    this.colors = new Uint32Array(colors("viridis").buffer);
  }

  /** @param {ColorMap} name */
  setColors(name) {
    this.colors = new Uint32Array(colors(name).buffer);
  }

  /**
   * Draws an extent of the levels on the whole canvas.
   * @param {Levels} levels
   * @param {Extent} extent
   * @param {{minDb: number, maxDb: number}} range levels of the first and the last colour
   */
  draw(levels, extent, range) {
    const { width, height } = this.canvas;
    const image = this.context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const part = levels.part(extent);
    const columns = Array.from({ length: width }, (_, x) => texels(part.left, part.width / width, x));
    const low = levels.fromDb(range.minDb);
    const scale = 255 / Math.max(levels.fromDb(range.maxDb) - low, 1);
    for (let y = 0; y < height; y++) {
      const rows = texels(part.top, part.height / height, y).filter((row) => row >= 0 && row < levels.rows);
      for (let x = 0; x < width; x++) {
        const strongest = peak(levels, rows, columns[x]);
        const color = this.colors[Math.min(255, Math.max(0, Math.round((strongest - low) * scale)))];
        pixels[y * width + x] = strongest <= levels.blank ? EMPTY_COLOR : color;
      }
    }
    this.context.putImageData(image, 0, 0);
  }

  release() {}
}

/**
 * @param {Levels} levels
 * @param {number[]} rows
 * @param {number[]} columns
 */
function peak(levels, rows, columns) {
  let strongest = -1;
  for (const column of columns) {
    if (column < levels.first || column >= levels.next) continue;
    const at = column % levels.capacity;
    for (const row of rows) strongest = Math.max(strongest, levels.data[row * levels.capacity + at]);
  }
  return strongest;
}

/**
 * The columns or rows of a pixel.
 * @param {number} start
 * @param {number} perPixel
 * @param {number} pixel
 */
function texels(start, perPixel, pixel) {
  const count = Math.min(MOST_TEXELS, Math.max(1, Math.ceil(perPixel)));
  return Array.from({ length: count }, (_, at) => Math.floor(start + (pixel + (at + 0.5) / count) * perPixel));
}
