// Colour maps of spectrograms: 256 colours each, interpolated between 33 of them.
// viridis: S. van der Walt and N. Smith, 2015, CC0. turbo: A. Mikhailov, 2019, Apache-2.0. Both as matplotlib has them.

const ANCHORS = {
  viridis:
    "440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d " +
    "2f6b8e 2c728e 297a8e 26828e 23898e 21918c 1f978b 1f9f88 21a685 27ad81 31b57b " +
    "3dbc74 4cc26c 5cc863 6ece58 81d34d 95d840 aadc32 c0df25 d5e21a eae51a fde725",
  turbo:
    "30123b 392a73 4040a2 4456c7 466be3 4680f6 4294ff 37a8fa 28bceb 1ccdd8 18ddc2 " +
    "1fe9af 32f298 4ef97d 6dfe62 8bff4b a4fc3c b7f735 cbed34 dde037 ecd13a f7c13a " +
    "fdae35 fe992c fb8122 f56918 ec530f e14109 d23105 c12302 ac1701 950d01 7a0403",
  grey: "000000 ffffff",
};

/** @typedef {keyof typeof ANCHORS} ColorMap */

export const COLOR_MAPS = /** @type {ColorMap[]} */ (Object.keys(ANCHORS));

/** The colour where nothing was received, which no map has; as `--plot`. */
export const EMPTY = [16, 21, 28];

/**
 * The 256 colours of a map.
 * @param {ColorMap} name
 * @returns {Uint8Array<ArrayBuffer>} 256 × RGBA
 */
export function colors(name) {
  const anchors = ANCHORS[name].split(" ").map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const rgba = new Uint8Array(256 * 4);
  for (let level = 0; level < 256; level++) {
    const at = (level / 255) * (anchors.length - 1);
    const low = Math.min(Math.floor(at), anchors.length - 2);
    for (let channel = 0; channel < 3; channel++)
      rgba[4 * level + channel] =
        anchors[low][channel] + (at - low) * (anchors[low + 1][channel] - anchors[low][channel]);
    rgba[4 * level + 3] = 255;
  }
  return rgba;
}

// Colours of boxes that stand apart from the maps and from each other for every kind of colour vision: M. Okabe and
// K. Ito, Color Universal Design, 2008, without its black and its blue, which dark maps hide.
const BOX_COLORS = ["#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#ffffff", "#d55e00", "#00d09b"];

/**
 * The colour of a signal's boxes, the same in every view.
 * @param {string} signalName
 */
export function boxColor(signalName) {
  let hash = 0;
  for (const character of signalName) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return BOX_COLORS[hash % BOX_COLORS.length];
}
