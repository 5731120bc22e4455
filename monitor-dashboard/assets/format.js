// Numbers as people read them: three digits that count, and a unit.

const NONE = "–";
const SPACE = "\u00a0";

/** Whether there is a number at all. */
export function known(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function digits(value) {
  const size = Math.abs(value);
  if (size >= 100) return String(Math.round(value));
  if (size >= 10) return value.toFixed(1).replace(/\.0$/, "");
  return value.toFixed(2).replace(/\.?0+$/, "");
}

/** Seconds as number and unit: `["12.3", "ms"]`. */
export function durationParts(seconds) {
  if (!known(seconds)) return [NONE, ""];
  const size = Math.abs(seconds);
  if (size === 0) return ["0", "ms"];
  if (size < 0.9995e-6) return [digits(seconds * 1e9), "ns"];
  if (size < 0.9995e-3) return [digits(seconds * 1e6), "µs"];
  if (size < 0.9995) return [digits(seconds * 1e3), "ms"];
  if (size < 59.95) return [digits(seconds), "s"];
  if (size < 3600) return [two(seconds, 60, "min", 1, "s"), ""];
  if (size < 86400) return [two(seconds, 3600, "h", 60, "min"), ""];
  return [two(seconds, 86400, "d", 3600, "h"), ""];
}

function two(seconds, big, bigUnit, small, smallUnit) {
  const whole = Math.trunc(seconds / big);
  const rest = Math.floor(Math.abs(seconds - whole * big) / small);
  return rest === 0 ? `${whole}${SPACE}${bigUnit}` : `${whole}${SPACE}${bigUnit} ${rest}${SPACE}${smallUnit}`;
}

/** A whole number: `["12.3", "k"]` from ten thousand on, all its digits below. */
export function countParts(value) {
  if (!known(value)) return [NONE, ""];
  const size = Math.abs(value);
  if (size < 10_000) return [Number.isInteger(value) ? grouped(value) : digits(value), ""];
  for (const [unit, by] of [["k", 1e3], ["M", 1e6], ["G", 1e9]]) {
    if (size < by * 999.5) return [digits(value / by), unit];
  }
  return [digits(value / 1e12), "T"];
}

/** A share from 0 to 1 in per cent. */
export function shareParts(value) {
  if (!known(value)) return [NONE, ""];
  const percent = value * 100;
  if (percent !== 0 && Math.abs(percent) < 0.01) return ["<0.01", "%"];
  return [Math.abs(percent) >= 99.95 && percent < 100 ? "99.9" : digits(percent), "%"];
}

/** So many a second. */
export function rateParts(value) {
  if (!known(value)) return [NONE, ""];
  if (value !== 0 && value < 0.01) return [digits(value * 3600), "/h"];
  if (value !== 0 && value < 0.1) return [digits(value * 60), "/min"];
  const [number, unit] = countParts(value < 100 ? Math.round(value * 100) / 100 : Math.round(value));
  return [number, `${unit}/s`];
}

export function bytesParts(value) {
  if (!known(value)) return [NONE, ""];
  for (const [unit, by] of [["B", 1], ["KiB", 1024], ["MiB", 1024 ** 2]]) {
    if (Math.abs(value) < by * 1000) return [digits(value / by), unit];
  }
  return [digits(value / 1024 ** 3), "GiB"];
}

const text = ([number, unit]) => (unit ? `${number}${unit.startsWith("/") ? "" : SPACE}${unit}` : number);
export const duration = (value) => text(durationParts(value));
export const count = (value) => text(countParts(value));
export const share = (value) => text(shareParts(value));
export const rate = (value) => text(rateParts(value));
export const bytes = (value) => text(bytesParts(value));

/** All digits of a whole number, in groups of three. */
export function grouped(value) {
  return known(value) ? value.toLocaleString("en-GB") : NONE;
}

/** `1 call`, `2 calls`. */
export function plural(value, word, words) {
  return `${count(value)} ${value === 1 ? word : words || `${word}s`}`;
}

function pad(value) {
  return String(value).padStart(2, "0");
}

/** The time of day, in the reader's zone. `at` is milliseconds or what JSON says. */
export function clock(at, withSeconds = true) {
  const date = new Date(at);
  if (at === null || at === undefined || Number.isNaN(date.getTime())) return NONE;
  const minutes = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return withSeconds ? `${minutes}:${pad(date.getSeconds())}` : minutes;
}

/** The day as well, where it is not today. */
export function moment(at) {
  const date = new Date(at);
  if (at === null || at === undefined || Number.isNaN(date.getTime())) return NONE;
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return date.toDateString() === new Date().toDateString() ? clock(at) : `${day} ${clock(at)}`;
}

/** `3 min ago`. */
export function ago(at, now = Date.now()) {
  const seconds = (now - new Date(at).getTime()) / 1000;
  if (!known(seconds)) return NONE;
  if (seconds < 5) return "just now";
  const whole = seconds < 60 ? Math.round(seconds) : seconds < 3600 ? Math.floor(seconds / 60) * 60 : seconds;
  return `${duration(whole)} ago`;
}

/** A word of the API for people: `did_not_help` as `did not help`. */
export function words(name) {
  return String(name ?? "").replaceAll("_", " ").replaceAll("-", " ");
}
