// Binary frames of the protocol: a header of 40 bytes, little-endian, then samples or pixels. See docs/protocol.md.

const MAGIC = 0x31484652; // "RFH1"
const HEADER_BYTES = 40;
const STREAM_WATERFALL = 4;
const UPLOAD = 5;

/**
 * @typedef {object} WaterfallFrame Successive columns of the waterfall of a stream.
 * @property {string} streamId
 * @property {number} rows pixels of a column, the highest frequency first
 * @property {number} columns
 * @property {number} dropped frames that this client was too slow for, before this one
 * @property {number} sampleRateHz
 * @property {number} centerFreqHz
 * @property {number} startSample first sample of the frame in its stream
 * @property {number} samplesPerColumn
 * @property {number} minDb level of the pixel value 0
 * @property {number} maxDb level of the pixel value 255
 * @property {Uint8Array} pixels in row order
 */

/**
 * Reads a waterfall of a stream.
 * @param {ArrayBuffer} buffer
 * @returns {WaterfallFrame | null} null where the frame is of another kind
 */
export function readWaterfall(buffer) {
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC || view.getUint8(4) !== STREAM_WATERFALL) return null;
  const rows = view.getUint16(6, true);
  const columns = view.getUint32(36, true);
  const idBytes = view.getUint16(64, true);
  const start = HEADER_BYTES + 26 + idBytes;
  return {
    streamId: new TextDecoder().decode(new Uint8Array(buffer, HEADER_BYTES + 26, idBytes)),
    rows,
    columns,
    dropped: view.getUint32(8, true),
    sampleRateHz: view.getFloat64(12, true),
    centerFreqHz: view.getFloat64(20, true),
    startSample: Number(view.getBigUint64(28, true)),
    samplesPerColumn: Number(view.getBigUint64(40, true)),
    minDb: view.getFloat64(48, true),
    maxDb: view.getFloat64(56, true),
    pixels: new Uint8Array(buffer, start, rows * columns),
  };
}

/**
 * The next bytes of a recording that is sent to the server.
 * @param {number} tag of the upload
 * @param {number} startByte counted over all files
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function uploadFrame(tag, startByte, bytes) {
  const frame = new Uint8Array(HEADER_BYTES + bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, UPLOAD);
  view.setUint32(8, tag, true);
  view.setBigUint64(28, BigInt(startByte), true);
  view.setUint32(36, bytes.length, true);
  frame.set(bytes, HEADER_BYTES);
  return frame;
}
