// Draws levels in colours where no graphics card does: pixel by pixel, the strongest of those that fall into one.
/** @import {ColorMap} from "../colormaps.js" */
/** @import {Extent} from "./extent.js" */
/** @import {Levels} from "./levels.js" */
import { colors, EMPTY } from "../colormaps.js";

const MOST_TEXELS = 8;
const NONE = -1;
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
    const columns = texels(part.left, part.width, width, levels.first, levels.next);
    const rows = texels(part.top, part.height, height, 0, levels.rows);
    const places = columns.texels.map((column) => column % levels.capacity);
    const shown = this.#shown(levels, range);
    const strongest = new Int16Array(places.length);
    for (let y = 0; y < height; y++) {
      strongest.fill(NONE);
      for (let at = rows.begins[y]; at < rows.begins[y + 1]; at++) {
        const begin = rows.texels[at] * levels.capacity;
        for (let x = 0; x < places.length; x++) {
          const level = levels.data[begin + places[x]];
          if (level > strongest[x]) strongest[x] = level;
        }
      }
      for (let x = 0; x < width; x++) {
        let level = NONE;
        for (let at = columns.begins[x]; at < columns.begins[x + 1]; at++) level = Math.max(level, strongest[at]);
        pixels[y * width + x] = level === NONE ? EMPTY_COLOR : shown[level];
      }
    }
    this.context.putImageData(image, 0, 0);
  }

  release() {}

  /**
   * The colour of each level.
   * @param {Levels} levels
   * @param {{minDb: number, maxDb: number}} range
   */
  #shown(levels, range) {
    const low = levels.fromDb(range.minDb);
    const scale = 255 / Math.max(levels.fromDb(range.maxDb) - low, 1);
    return Uint32Array.from({ length: 256 }, (_, level) =>
      level <= levels.blank ? EMPTY_COLOR : this.colors[Math.min(255, Math.max(0, Math.round((level - low) * scale)))],
    );
  }
}

/**
 * The columns or rows of each pixel of a line: those of pixel `x` are `texels[begins[x]]` to `texels[begins[x + 1] - 1]`;
 * none where the picture is empty.
 * @param {number} start
 * @param {number} length of the line, in columns or rows
 * @param {number} pixels
 * @param {number} first column or row that there is
 * @param {number} next after the last one
 */
function texels(start, length, pixels, first, next) {
  const perPixel = length / pixels;
  const count = Math.min(MOST_TEXELS, Math.max(1, Math.ceil(perPixel)));
  const found = new Int32Array(pixels * count);
  const begins = new Int32Array(pixels + 1);
  let size = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let at = 0; at < count; at++) {
      const texel = Math.floor(start + (pixel + (at + 0.5) / count) * perPixel);
      if (texel >= first && texel < next) found[size++] = texel;
    }
    begins[pixel + 1] = size;
  }
  return { texels: found.subarray(0, size), begins };
}
