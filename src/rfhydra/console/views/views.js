// The views of the console, in the order of the navigation.
import { Live } from "./live.js";
import { Mission } from "./mission.js";
import { Samples } from "./samples.js";

/**
 * @typedef {object} View
 * @property {string} name in addresses
 * @property {string} title
 * @property {string} icon path of an SVG of 24 × 24
 * @property {(props: {rest: string[]}) => any} component
 */

/** @type {View[]} */
export const VIEWS = [{ name: "live", title: "Live", icon: "M3 12h3l2-7 4 15 3-11 2 3h4", component: Live }];
