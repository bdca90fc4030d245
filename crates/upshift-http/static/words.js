// Numbers, times and durations as a person reads them.

const counting = new Intl.NumberFormat("en");
export const count = (number) => counting.format(number);

export const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

/** `3 ms`, `1.2 s`, `2 min 5 s`, `3 h 20 min`, `7 d 2 h`: as upshift says it everywhere. */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${(ms / 1000).toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds / 60) % 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds / 3600) % 24)} h`;
}

/** The database's clock less this browser's, in milliseconds: what is "ago" is so by one clock. */
let skew = 0;
export function clockIs(moment) {
  skew = Date.parse(moment) - Date.now();
}
export const now = () => Date.now() + skew;

/** `just now`, `40 s ago`, `3 min ago`: coarse, so that it does not change all the time. */
export function ago(moment) {
  const seconds = Math.max(0, Math.round((now() - Date.parse(moment)) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds / 5) * 5} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 86400 * 60) return `${Math.floor(seconds / 86400)} d ago`;
  return `${Math.floor(seconds / 86400 / 30)} months ago`;
}

const two = (number) => String(number).padStart(2, "0");

/** `2026-05-14`, of the reader's own day. */
export function day(moment) {
  const at = new Date(moment);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function clock(moment) {
  const at = new Date(moment);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Who did it: the service and its release, or else the role. */
export const by = (row) => (row.service ? `${row.service} ${row.release ?? ""}`.trim() : row.role);

/** The engine's words to a programmer, for whom looks on. */
export const plain = (text) => text.replace(", which `migrator.join()` looks after", ", which the instances of the service look after");

/** A number and its percent sign stay together. */
export const unbroken = (text) => text.replaceAll(/(\d) %/g, "$1\u202f%");
