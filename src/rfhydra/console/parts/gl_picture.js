// Draws levels in colours with WebGL2: one texture holds the levels, of which only new columns are uploaded, and one
// the colour map.
/** @import {ColorMap} from "../colormaps.js" */
/** @import {Extent} from "./extent.js" */
/** @import {Levels} from "./levels.js" */
import { colors, EMPTY } from "../colormaps.js";

const VERTEX = `#version 300 es
out vec2 at;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  at = vec2(corner.x, 1.0 - corner.y);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

// `part` is the shown part: left, top, width and height, in columns from the first that is kept, and rows. Columns lie
// in the texture from `first` on and wrap around. Where several texels fall into a pixel, the strongest is shown: a
// short burst stays visible in a long picture.
const FRAGMENT = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D levels;
uniform sampler2D map;
uniform vec4 part;
uniform float filled;
uniform float first;
uniform vec2 texels;
uniform vec2 range;
uniform float blank;
uniform vec4 empty;
in vec2 at;
out vec4 color;
const int MOST = 8;
void main() {
  vec2 size = vec2(textureSize(levels, 0));
  vec2 place = part.xy + at * part.zw;
  ivec2 count = ivec2(clamp(ceil(texels), vec2(1.0), vec2(float(MOST))));
  vec2 step = texels / vec2(count);
  float level = -1.0;
  for (int i = 0; i < count.x; i++)
    for (int j = 0; j < count.y; j++) {
      vec2 texel = floor(place + (vec2(float(i), float(j)) - 0.5 * vec2(count - 1)) * step);
      if (texel.x < 0.0 || texel.x >= filled || texel.y < 0.0 || texel.y >= size.y) continue;
      level = max(level, texelFetch(levels, ivec2(int(mod(texel.x + first, size.x)), int(texel.y)), 0).r);
    }
  if (level <= blank) color = empty;
  else color = texture(map, vec2(clamp((level - range.x) / (range.y - range.x), 0.002, 0.998), 0.5));
}`;

// Names that drivers without a graphics card give themselves: Chromium's, Mesa's, Windows'.
const BY_PROCESSOR = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** @type {boolean | undefined} */
let asked;

/**
 * Whether WebGL2 is there and drawn by a graphics card: by the processor, a `CanvasPicture` is several times faster.
 * Asked once, because a page may hold few WebGL contexts.
 */
export const hasGraphicsCard = () => (asked ??= askForGraphicsCard());

function askForGraphicsCard() {
  const gl = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (!gl) return false;
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !BY_PROCESSOR.test(name);
}

/** A picture of levels on a canvas, drawn by the graphics card. */
export class GlPicture {
  /**
   * @param {HTMLCanvasElement} canvas
   * @throws {Error} the browser has no WebGL2
   */
  constructor(canvas) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false });
    if (!gl) throw new Error("no WebGL2");
    this.canvas = canvas;
    this.gl = gl;
    this.program = link(gl);
    this.texture = texture(gl, 0);
    this.map = texture(gl, 1);
    /** @type {Levels | null} */
    this.levels = null;
    this.uploaded = 0;
    gl.useProgram(this.program);
    gl.uniform1i(this.#uniform("levels"), 0);
    gl.uniform1i(this.#uniform("map"), 1);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.setColors("viridis");
  }

  /** @param {ColorMap} name */
  setColors(name) {
    const { gl } = this;
    const rgba = colors(name);
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
    gl.pixelStorei(gl.UNPACK_SKIP_PIXELS, 0);
    gl.activeTexture(gl.TEXTURE1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
  }

  /**
   * Draws an extent of the levels on the whole canvas.
   * @param {Levels} levels
   * @param {Extent} extent
   * @param {{minDb: number, maxDb: number}} range levels of the first and the last colour
   */
  draw(levels, extent, range) {
    const { gl, canvas } = this;
    this.#upload(levels);
    const { left, top, width, height } = levels.part(extent);
    const low = levels.fromDb(range.minDb) / 255;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform4f(this.#uniform("part"), left - levels.first, top, width, height);
    gl.uniform2f(this.#uniform("texels"), width / canvas.width, height / canvas.height);
    gl.uniform1f(this.#uniform("filled"), levels.next - levels.first);
    gl.uniform1f(this.#uniform("first"), levels.first % levels.capacity);
    gl.uniform2f(this.#uniform("range"), low, Math.max(levels.fromDb(range.maxDb) / 255, low + 0.004));
    gl.uniform1f(this.#uniform("blank"), levels.blank / 255);
    gl.uniform4f(this.#uniform("empty"), EMPTY[0] / 255, EMPTY[1] / 255, EMPTY[2] / 255, 1);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  /** Gives its memory back. */
  release() {
    const { gl } = this;
    gl.deleteTexture(this.texture);
    gl.deleteTexture(this.map);
    gl.deleteProgram(this.program);
    gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  /** Brings the texture up to date: the columns since the last call. @param {Levels} levels */
  #upload(levels) {
    const { gl } = this;
    const { rows, capacity, data } = levels;
    gl.activeTexture(gl.TEXTURE0);
    if (levels !== this.levels) {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, capacity, rows, 0, gl.RED, gl.UNSIGNED_BYTE, null);
      this.levels = levels;
      this.uploaded = levels.first;
    }
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, capacity);
    for (let column = Math.max(this.uploaded, levels.first); column < levels.next;) {
      const at = column % capacity;
      const count = Math.min(levels.next - column, capacity - at);
      gl.pixelStorei(gl.UNPACK_SKIP_PIXELS, at);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, at, 0, count, rows, gl.RED, gl.UNSIGNED_BYTE, data);
      column += count;
    }
    this.uploaded = levels.next;
  }

  /** @type {Map<string, WebGLUniformLocation | null>} */
  #uniforms = new Map();

  /** @param {string} name */
  #uniform(name) {
    const known = this.#uniforms.get(name) ?? this.gl.getUniformLocation(this.program, name);
    this.#uniforms.set(name, known);
    return known;
  }
}

/** @param {WebGL2RenderingContext} gl */
function link(gl) {
  const program = gl.createProgram();
  for (const [type, source] of /** @type {const} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "no program");
  return program;
}

/** @param {WebGL2RenderingContext} gl @param {number} unit */
function texture(gl, unit) {
  const made = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, made);
  for (const [name, value] of /** @type {const} */ ([
    [gl.TEXTURE_MIN_FILTER, gl.NEAREST],
    [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
  ]))
    gl.texParameteri(gl.TEXTURE_2D, name, value);
  return made;
}
