// Images of the API: base64 of a NumPy .npy file of uint8, shape (rows, columns), row 0 the highest frequency.

const HEADER_LENGTH_AT = 8;

/**
 * @typedef {object} Picture
 * @property {number} rows
 * @property {number} columns
 * @property {Uint8Array} pixels in row order
 */

/**
 * @param {string} base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/**
 * Reads an image.
 * @param {string} base64
 * @returns {Picture}
 * @throws {Error} it is not an array of this kind
 */
export function readNpy(base64) {
  const bytes = bytesOf(base64);
  const headerBytes = new DataView(bytes.buffer).getUint16(HEADER_LENGTH_AT, true);
  const header = new TextDecoder("latin1").decode(bytes.subarray(10, 10 + headerBytes));
  const shape = /'shape':\s*\((\d+),\s*(\d+)\)/.exec(header);
  if (!shape || !/'descr':\s*'\|u1'/.test(header)) throw new Error("not an image of uint8");
  const [rows, columns] = [Number(shape[1]), Number(shape[2])];
  const pixels = bytes.subarray(10 + headerBytes);
  return {
    rows,
    columns,
    pixels: header.includes("'fortran_order': True") ? transposed(pixels, rows, columns) : pixels,
  };
}

/** @param {Uint8Array} pixels @param {number} rows @param {number} columns */
function transposed(pixels, rows, columns) {
  const turned = new Uint8Array(pixels.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[row * columns + column] = pixels[column * rows + row];
  return turned;
}
