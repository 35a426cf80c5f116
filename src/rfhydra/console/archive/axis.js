// The axis of a timeline: positions as text, and where its marks are.
/** @import {ArchiveTimeline} from "#protocol" */
import { formatClock, formatSeconds } from "../units.js";

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];
const STEPS = [
  ...[1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 365, 3650].map((days) => days * DAY),
];

export class Axis {
  /** @param {ArchiveTimeline} timeline */
  constructor({ start_time, duration_sec }) {
    /** Time of position 0 in seconds since 1970 UTC; null where the recordings do not all state their time. */
    this.startUtcSec = start_time === null ? null : Date.parse(start_time) / 1000;
    this.durationSec = duration_sec;
  }

  /** A position as text. @param {number} sec @param {number} [stepSec] to which it is exact */
  text(sec, stepSec = this.durationSec / 1000) {
    if (this.startUtcSec !== null) return utcText(this.startUtcSec + sec, stepSec);
    return stepSec < 1 || sec < MINUTE ? formatSeconds(Number(sec.toPrecision(9)), 6) : formatClock(sec);
  }

  /** A part of it as text. @param {import("./address.js").Stretch} stretch */
  stretchText({ fromSec, toSec }) {
    const stepSec = (toSec - fromSec) / 100;
    const [from, to] = [fromSec, toSec].map((sec) => this.text(sec, stepSec));
    const [day, time] = to.split(" ");
    return `${from} to ${this.startUtcSec !== null && from.startsWith(day) ? time : to}`;
  }

  /** Round positions. @param {number} count about how many @returns {{sec: number, text: string}[]} */
  marks(count) {
    const step = STEPS.find((each) => each >= this.durationSec / count) ?? STEPS[STEPS.length - 1];
    const origin = this.startUtcSec ?? 0;
    const marks = [];
    for (let place = Math.ceil(origin / step); place * step <= origin + this.durationSec; place++)
      marks.push({ sec: place * step - origin, text: this.#markText(place * step, step) });
    return marks;
  }

  /** @param {number} at seconds of the axis, or since 1970 @param {number} step */
  #markText(at, step) {
    if (this.startUtcSec === null) return step < 1 ? formatSeconds(at, 6) : at < MINUTE ? `${at} s` : formatClock(at);
    const [day, time] = isoOf(at).split("T");
    if (step >= DAY || (step >= MINUTE && at % DAY === 0)) return day;
    return step >= MINUTE ? time.slice(0, 5) : step >= 1 ? time.slice(0, 8) : time.slice(0, -1);
  }
}

/** @param {number} utcSec @param {number} stepSec */
function utcText(utcSec, stepSec) {
  const [day, time] = isoOf(utcSec).split("T");
  return `${day} ${stepSec < 1 ? time : `${time.slice(0, 8)}Z`}`;
}

/** @param {number} utcSec */
const isoOf = (utcSec) => new Date(Math.round(utcSec * 1000)).toISOString();
