// The audit: what was done, when, by whom.

import { byId, el, keyed, label, say } from "./dom.js";
import { by, count, duration } from "./words.js";
import { when } from "./migrations.js";

const FIRST = 50;

let rows = [];
let shown = FIRST;
let asked = null;

const outcome = byId("audit-outcome");
const text = byId("audit-text");
const more = byId("audit-more");

/** Reads it again, soon: changes come in crowds. */
export function changed() {
  asked ??= setTimeout(read, rows.length === 0 ? 0 : 700);
}

async function read() {
  asked = null;
  try {
    const answer = await fetch("audit.json");
    if (!answer.ok) return;
    rows = (await answer.json()).audit;
    table();
  } catch {
    // The page says by itself that the service does not answer.
  }
}

const labelOf = (row) => {
  if (row.version !== null) return `${row.version}_${row.name}`;
  return ["apply", "revert", "record", "skip"].includes(row.action) ? `R__${row.name}` : row.name;
};

function wanted() {
  const words = text.value.trim().toLowerCase();
  const said = (row) => `${row.action} ${row.outcome} ${labelOf(row)} ${row.detail ?? ""} ${by(row)} ${row.host ?? ""} ${row.role}`.toLowerCase();
  return rows.filter((row) => (!outcome.value || row.outcome === outcome.value) && (!words || said(row).includes(words)));
}

function table() {
  const all = wanted();
  const room = all.slice(0, shown);
  keyed(byId("audit-rows"), room, (row) => row.id, tr);
  say(byId("audit-count"), all.length === rows.length ? count(all.length) : `${count(all.length)} of ${count(rows.length)}`);
  more.hidden = all.length <= room.length;
  say(more, `Show ${count(all.length - room.length)} more`);
}

function tr(row) {
  const wrong = row.outcome === "failed";
  return el(
    "tr",
    {},
    el("td", { class: "when" }, when(row.at)),
    el("td", {}, el("span", { class: wrong ? "state failed" : "soft" }, wrong ? `${row.action} failed` : row.action)),
    el("th", { scope: "row" }, label(labelOf(row)), row.detail ? el("p", { class: wrong ? "why wrong" : "why" }, row.detail) : null),
    el("td", { class: "minor number" }, duration(row.took_ms)),
    el("td", { class: "minor by" }, by(row), row.host ? el("span", { class: "soft small" }, ` ${row.host}`) : null),
  );
}

byId("audit-filter").addEventListener("submit", (event) => event.preventDefault());
for (const field of [outcome, text]) {
  field.addEventListener("input", () => {
    shown = FIRST;
    table();
  });
}
more.addEventListener("click", () => {
  const last = byId("audit-rows").lastElementChild;
  shown = Infinity;
  table();
  const next = last?.nextElementSibling;
  next?.setAttribute("tabindex", "-1");
  next?.focus();
});
