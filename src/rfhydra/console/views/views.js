// The views of the console, in the order of the navigation.
import { Label } from "./label.js";
import { Live } from "./live.js";

/**
 * @typedef {object} View
 * @property {string} name in addresses
 * @property {string} title
 * @property {string} icon path of an SVG of 24 × 24
 * @property {(props: {rest: string[]}) => any} component
 */

/** @type {View[]} */
export const VIEWS = [
  { name: "live", title: "Live", icon: "M3 12h3l2-7 4 15 3-11 2 3h4", component: Live },
  { name: "label", title: "Label", icon: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9h6v6H9z", component: Label },
];
