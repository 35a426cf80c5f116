// Trainings and their results in plain words.
/** @import {Interval, RateIntervals, VersionVerdict} from "#protocol" */
import { counted, formatSeconds } from "./units.js";

/** Below this number of boxes, rates and their intervals say little. */
const FEW_BOXES = 8;

/** What a training does, in its order. */
export const STAGES = /** @type {const} */ ([
  { name: "starting", text: "Start", doing: "The training starts" },
  { name: "looking", text: "Look at samples", doing: "The backbone looks at the samples" },
  { name: "fitting", text: "Fit the head", doing: "The head is fitted" },
  { name: "calibrating", text: "Calibrate", doing: "Its scores are calibrated on boxes that it was not trained on" },
  { name: "comparing", text: "Compare", doing: "It is compared with the active version" },
]);

/** A share, such as `92 %`. @param {number | null | undefined} share */
export const percent = (share) => (share == null ? "–" : `${Math.round(100 * share)} %`);

/**
 * Whether an interval says something: where all boxes went alike, resampling them gives none.
 * @param {Interval | undefined} interval
 * @returns {interval is Interval}
 */
export const isWide = (interval) => interval != null && interval.low < interval.high;

/** A rate with its 90 % interval, such as `0.92 (0.81 to 0.98)`. @param {number | null} rate @param {Interval} [interval] */
export const rateWithInterval = (rate, interval) =>
  rate == null
    ? "–"
    : `${rate.toFixed(2)}${isWide(interval) ? ` (${interval.low.toFixed(2)} to ${interval.high.toFixed(2)})` : ""}`;

/** @param {Interval | undefined} interval */
const between = (interval) =>
  isWide(interval) ? `, very likely between ${percent(interval.low)} and ${percent(interval.high)}` : "";

/** What the rates of a version were counted on. @param {number} boxes @param {number} samples */
export const countedOn = (boxes, samples) =>
  `Counted on ${counted(boxes, "box", "boxes")} in ${counted(samples, "sample")} that it was not trained on` +
  `${boxes < FEW_BOXES ? ": too few to say much." : "."}`;

/**
 * What the rates of a version say.
 * @param {{precision: number | null, recall: number | null}} rates
 * @param {RateIntervals} [intervals]
 * @returns {string[]} sentences
 */
export function ratesInWords({ precision, recall }, intervals) {
  if (recall == null) return [];
  return [
    `It finds ${percent(recall)} of the boxes${between(intervals?.recall)}.`,
    precision == null
      ? "It detects nothing else either."
      : `${percent(precision)} of what it detects is right${between(intervals?.precision)}.`,
  ];
}

/**
 * The title of a verdict.
 * @param {VersionVerdict["decision"]} decision
 * @param {number} version
 * @param {number | null} active
 */
export function verdictTitle(decision, version, active) {
  const isActive = active === version;
  const stays = active == null ? "no version is active" : `version ${active} stays the active one`;
  switch (decision) {
    case "promote":
      return isActive
        ? `Promoted: version ${version} is the active one`
        : "Promoted after its training, and replaced since";
    case "keep":
      return isActive ? "Made active by hand, although its training kept it back" : `Kept back: ${stays}`;
    default:
      return isActive ? "Made active by hand, before the evidence was enough" : `Not enough evidence yet: ${stays}`;
  }
}

/** Why a version was promoted or not. @param {VersionVerdict} verdict */
export function verdictReason({ decision, reason, more_boxes, evidence }) {
  if (!evidence) return sentence(withoutCommands(reason ?? "The reason was not kept"));
  const { f1_score, active_f1_score, boxes, recordings, p_better, p_worse, p_gain } =
    /** @type {Record<string, number>} */ (evidence);
  const where = `on the same ${counted(boxes, "box", "boxes")} of ${counted(recordings, "recording")}`;
  const seen = `F1 was ${f1_score.toFixed(2)} against ${active_f1_score.toFixed(2)} of the version that was active, ${where}.`;
  if (decision === "keep") return `${seen} A gain of 2 points or more is unlikely (${likelihood(p_gain)}).`;
  const odds = `It is better with a probability of ${likelihood(p_better)}, and worse by more than 2 points with ${likelihood(p_worse)}.`;
  if (decision === "promote") return `${seen} ${odds}`;
  return `${seen} ${odds} About ${counted(more_boxes ?? 1, "more box", "more boxes")} from other recordings would settle it.`;
}

/** Leaves out advice for the command line, in whose place there are buttons. @param {string} reason */
const withoutCommands = (reason) =>
  reason
    .split("; ")
    .filter((part) => !part.includes("`"))
    .join("; ");

/** @param {number} share */
const likelihood = (share) => (share < 0.01 ? "under 1 %" : share > 0.99 ? "over 99 %" : percent(share));

/** @param {string} text */
export const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** Why a training ended without a version. @param {string | null} code @param {string | null} error */
export const failureInWords = (code, error) =>
  code === "cancelled"
    ? "It was stopped, and nothing was changed."
    : `${sentence(error ?? "The reason was not kept")} Nothing was changed.`;

/** What two versions differ in. @param {import("#protocol").VersionComparison} compared */
export function gainInWords({ a, b, gain }) {
  const difference = `F1 is ${a.f1_score.toFixed(2)} and ${b.f1_score.toFixed(2)}`;
  const { low, high } = gain.interval;
  const points = (/** @type {number} */ share) => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(0)}`;
  return (
    `${difference}: version ${b.version} is better with a probability of ${likelihood(gain.p_better)}, and worse by more ` +
    `than 2 points with ${likelihood(gain.p_worse)}. The difference very likely lies between ${points(low)} and ${points(high)} points.`
  );
}

/** What two versions were compared on. @param {import("#protocol").VersionComparison} compared */
export const basisInWords = ({ boxes, samples, recordings }) =>
  `Both looked at the same ${counted(boxes, "box", "boxes")} in ${counted(samples, "sample")} of ` +
  `${counted(recordings, "recording")}, on which neither was trained${boxes < FEW_BOXES ? ": too few to say much." : "."}`;

/** Fields of a detectability card, as its notes name them. */
const CARD_FIELDS = /** @type {Record<string, string>} */ ({
  snr: "SNR",
  positions: "Place in the band",
  length: "Length",
  bandwidth: "Bandwidth",
  confusion: "Other heads",
  false_alarms: "False alarms",
});

/** The figures of a detectability card. @param {Record<string, any>} card @returns {string[]} sentences */
export function cardInWords({ bursts, unseen_bursts, snr, false_alarms, confusion, notes = {} }) {
  const unseen =
    unseen_bursts === bursts ? "on none of which it was trained" : `on ${unseen_bursts} of which it was not trained`;
  return [
    ...(bursts ? [`Measured with ${counted(bursts, "burst")}, ${unseen}.`] : []),
    ...(snr ? snrInWords(snr) : []),
    ...(false_alarms ? [falseAlarmsInWords(false_alarms)] : []),
    ...(confusion ?? [])
      .filter((/** @type {any} */ other) => other.claimed_alone)
      .map(
        (/** @type {any} */ { signal_name, claimed_alone, other_boxes }) =>
          `It takes ${claimed_alone} of ${counted(other_boxes, "box", "boxes")} of ${signal_name} for its own.`,
      ),
    ...Object.entries(notes).map(([field, text]) => `${CARD_FIELDS[field] ?? field}: ${text}.`),
  ];
}

/** @param {Record<string, any>} snr */
function snrInWords({ own_snr_db, min_snr_50_db, min_snr_50_interval_db, min_snr_90_db, min_snr_90_interval_db }) {
  const at = (/** @type {number | null} */ db, /** @type {(number | null)[]} */ [low, high]) =>
    db == null ? "a level outside of what was measured" : `${decibels(db)} dB (${decibels(low)} to ${decibels(high)})`;
  return [
    `It finds half of the bursts down to an in-band SNR of ${at(min_snr_50_db, min_snr_50_interval_db)}.`,
    `It finds nine of ten down to ${at(min_snr_90_db, min_snr_90_interval_db)}.`,
    `The bursts were received at ${decibels(own_snr_db)} dB (median).`,
  ];
}

/** @param {Record<string, any>} alarms */
function falseAlarmsInWords({ count, background_sec, per_hour, interval_per_hour: [low, high] }) {
  const round = (/** @type {number} */ rate) => rate.toLocaleString("en", { maximumSignificantDigits: 2 });
  return (
    `${counted(count, "false alarm")} in ${formatSeconds(background_sec)} of stored windows, ` +
    `${round(per_hour)} per hour (90 % interval ${round(low)} to ${round(high)}).`
  );
}

/** @param {number | null} db */
const decibels = (db) => (db == null ? "open" : db.toFixed(1).replace("-", "−"));

/** @type {Record<string, (detail: Record<string, any>) => string>} */
const CHANGES = {
  "version.add": ({ version }) => `Version ${version} was trained and stored.`,
  "version.activate": ({ to, from, reason }) =>
    `Version ${to} became the active one${from == null ? "" : ` in the place of version ${from}`}${reason ? `: ${reason}` : ""}.`,
  "version.rollback": ({ to, from }) => `Rolled back from version ${from} to version ${to}.`,
  "version.retire": ({ versions }) => `Versions ${versions.join(", ")} were retired.`,
  "version.notes": ({ version }) => `The notes of version ${version} were changed.`,
  "head.load": ({ to }) => `Version ${to} was loaded.`,
  "head.unload": ({ from }) => `Version ${from} was unloaded.`,
  "job.add": ({ action }) => `A training was asked for (${action}).`,
  "job.start": () => "The training began.",
  "job.requeue": () => "The training was queued again, as the server had stopped.",
  "job.end": ({ state }) => `The training ended: ${state}.`,
  "card.store": ({ version }) => `The detectability card of version ${version} was stored.`,
  "sample.add": () => "A sample was added.",
  "sample.update": () => "A sample was changed.",
  "sample.delete": () => "A sample was deleted.",
  "split.create": () => "Samples were split into training and validation.",
  "backbone.activate": ({ to }) => `The backbone ${String(to).slice(0, 8)} became the active one.`,
};

/** An entry of the audit log. @param {import("#protocol").AuditRecord} entry */
export function changeInWords({ action, detail }) {
  const known = CHANGES[action];
  if (known) return known(detail);
  const facts = Object.entries(detail).map(
    ([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return [action, ...facts].join(", ");
}
