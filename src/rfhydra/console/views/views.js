// The views of the console, in the order of the navigation.
import { Archive } from "./archive.js";
import { Label } from "./label.js";
import { Live } from "./live.js";
import { Mission } from "./mission.js";
import { Samples } from "./samples.js";
import { Train } from "./train.js";
import { Versions } from "./versions.js";

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
  { name: "train", title: "Train", icon: "M4 4v16h16M7 15l4-5 3 3 5-7", component: Train },
  {
    name: "versions",
    title: "Versions",
    icon: "M6 4v16M6 9h6a4 4 0 0 0 4-4M6 15h8a4 4 0 0 1 4 4",
    component: Versions,
  },
  {
    name: "mission",
    title: "Mission",
    icon: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 5a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    component: Mission,
  },
  { name: "archive", title: "Archive", icon: "M3 5h18v4H3zM5 9v11h14V9M10 13h4", component: Archive },
  {
    name: "samples",
    title: "Samples",
    icon: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
    component: Samples,
  },
];
