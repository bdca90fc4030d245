// The migrations: on a time line, and as a table that stays quick with thousands.

import { byId, el, keyed, label, say, svg } from "./dom.js";
import { ago, by, count, day, clock, duration, plain } from "./words.js";

const PHASES = ["expand", "backfill", "contract", "repeatable"];
const FIRST = 50;

let migrations = [];
let shown = FIRST;

const state = byId("filter-state");
const phase = byId("filter-phase");
const text = byId("filter-text");
const more = byId("migrations-more");

/** `lastFailures` are those whose last try left nothing; `backfills` are at work beside the service. */
export function show(status, lastFailures, backfills) {
  const failed = new Map(lastFailures.map((it) => [it.label, it.why]));
  const begun = new Map(backfills.map((it) => [it.id, it.state]));
  migrations = status.migrations.map((it) => {
    if (failed.has(it.label)) return { ...it, state: "failed", text: "failed", failed: failed.get(it.label) };
    if (begun.has(it.id)) return { ...it, state: begun.get(it.id), text: begun.get(it.id), blocked_by: null };
    return it;
  });
  const refused = byId("refused");
  refused.hidden = status.refused.length === 0;
  keyed(refused, status.refused, (why) => why, (why) => el("li", {}, why));
  offer(state, [...new Set(migrations.map((it) => it.state))].sort());
  offer(phase, PHASES.filter((it) => migrations.some((migration) => migration.phase === it)));
  line();
  table();
}

/** How many stand so. */
export const standing = (...states) => migrations.filter((it) => states.includes(it.state)).length;

function offer(select, words) {
  const chosen = select.value;
  const known = [...select.options].slice(1).map((option) => option.value);
  if (known.join() === words.join()) return;
  select.replaceChildren(el("option", { value: "" }, "all"), ...words.map((word) => el("option", { value: word }, word)));
  select.value = words.includes(chosen) ? chosen : "";
}

// --- the time line: a column each in the order of their versions, a lane for each phase

function line() {
  byId("line").hidden = migrations.length === 0;
  const strip = byId("strip");
  const all = migrations.length;
  strip.setAttribute("viewBox", `0 0 ${all} ${PHASES.length}`);
  strip.style.width = all < 60 ? `${all * 1.1}rem` : "100%";
  byId("dates").style.width = strip.style.width;
  const width = all > 300 ? 1 : 0.82;
  const marks = migrations.map((it, place) => {
    const lane = Math.max(0, PHASES.indexOf(it.phase));
    const mark = svg("rect", { x: place, y: lane + 0.16, width, height: 0.68, class: `${it.phase} ${it.state}` });
    mark.append(svg("title", {}, `${it.label}: ${it.text}`));
    mark.dataset.label = it.label;
    return mark;
  });
  strip.replaceChildren(...marks);
  const counts = PHASES.map((name) => [name, migrations.filter((it) => it.phase === name).length]);
  const spoken = counts.filter(([, number]) => number > 0).map(([name, number]) => `${count(number)} ${name}`);
  strip.setAttribute("aria-label", `Time line: ${spoken.join(", ")}. The table below says the same.`);
  dates();
}

/** The width of a date, and a little. */
const DATE = 84;

/** Where the day changes; as many as have room. */
function dates() {
  const all = migrations.length;
  const width = Math.max(DATE, byId("strip").getBoundingClientRect().width);
  const last = 1 - DATE / width;
  const kept = [];
  let before = null;
  migrations.forEach((it, place) => {
    const on = it.applied ? day(it.applied.at) : it.state === "pending" || it.state === "blocked" ? "to come" : null;
    if (!on || on === before || it.phase === "repeatable") return;
    before = on;
    const at = Math.max(0, Math.min(place / all, last));
    if (kept.length === 0 || (at - kept[kept.length - 1][1]) * width >= DATE) kept.push([on, at]);
  });
  const nodes = kept.map(([on, at]) => {
    const node = el("span", {}, on);
    node.style.left = `${at * 100}%`;
    return node;
  });
  byId("dates").replaceChildren(...nodes);
}

window.addEventListener("resize", dates);

byId("strip").addEventListener("click", (event) => {
  const label = event.target.dataset.label;
  if (!label) return;
  text.value = label;
  table();
});

// --- the table

function wanted() {
  const words = text.value.trim().toLowerCase();
  return migrations
    .filter((it) => !state.value || it.state === state.value)
    .filter((it) => !phase.value || it.phase === phase.value)
    .filter((it) => !words || `${it.label} ${it.applied?.service ?? ""} ${it.applied?.release ?? ""}`.toLowerCase().includes(words))
    .reverse();
}

function table() {
  const rows = wanted();
  const room = rows.slice(0, shown);
  keyed(byId("migration-rows"), room, (it) => it.label, row);
  say(byId("filter-count"), rows.length === migrations.length ? count(rows.length) : `${count(rows.length)} of ${count(migrations.length)}`);
  more.hidden = rows.length <= room.length;
  say(more, `Show ${count(rows.length - room.length)} more`);
}

function row(it) {
  const applied = it.applied;
  const wrong = it.failed ?? applied?.error;
  // An error of the engine says itself which migration it is about, and so does the row.
  const said = wrong?.startsWith(`migration ${it.label} `) ? wrong.slice(`migration ${it.label} `.length) : wrong;
  const why = said ?? (it.blocked_by && plain(it.blocked_by));
  return el(
    "tr",
    {},
    el("td", {}, el("span", { class: `state ${it.state}` }, it.text)),
    el("th", { scope: "row" }, label(it.label), why ? el("p", { class: wrong ? "why wrong" : "why" }, why) : null),
    el("td", { class: "minor" }, el("span", { class: `phase ${it.phase}` }, it.phase)),
    el("td", { class: "when" }, applied ? when(applied.at, minute) : "–"),
    el("td", { class: "minor number" }, applied ? duration(applied.took_ms) : ""),
    el("td", { class: "minor by" }, applied ? by(applied) : ""),
  );
}

const minute = (moment) => clock(moment).slice(0, 5);

export const when = (moment, time = clock) => el("time", { datetime: moment, title: ago(moment) }, el("span", {}, day(moment)), " ", el("span", {}, time(moment)));

byId("filter").addEventListener("submit", (event) => event.preventDefault());
for (const field of [state, phase, text]) {
  field.addEventListener("input", () => {
    shown = FIRST;
    table();
  });
}
more.addEventListener("click", () => {
  const last = byId("migration-rows").lastElementChild;
  shown = Infinity;
  table();
  // The button goes: who came by keyboard is where the new rows begin.
  const next = last?.nextElementSibling;
  next?.setAttribute("tabindex", "-1");
  next?.focus();
});
