// The page: what the service says, shown. `status.json` at first, then what changes, as it changes.

import * as actions from "./actions.js";
import * as audit from "./audit.js";
import { byId, el, keyed, say } from "./dom.js";
import * as migrations from "./migrations.js";
import * as rollout from "./rollout.js";
import { clock, clockIs, count, unbroken } from "./words.js";

/** The fields of status.json, as of the last look. */
const data = {};
let seenAt = null;

function take(changed) {
  Object.assign(data, changed);
  seenAt = new Date();
  if (changed.at) clockIs(changed.at);
  if (changed.standing) standing(data.standing);
  if (changed.status || changed.failed || changed.backfills) migrations.show(data.status, data.failed, data.backfills);
  if (changed.status || changed.failed || changed.words) audit.changed();
  if (changed.backfills || changed.contracts || changed.words) rollout.show(data);
  const alive = rollout.fleet(data.instances);
  if (changed.waits) rollout.locks(data.waits);
  facts(alive);
  lost(null);
  stops();
  if (data.upshift) say(byId("version"), `upshift ${data.upshift.version}`);
  if (data.service) say(byId("service"), ` · ${data.service}`);
}

// --- the sentence at the top

function standing(it) {
  const node = byId("standing");
  node.dataset.tone = it.tone;
  say(node, unbroken(it.sentence));
  document.title = `${it.sentence} · upshift`;
  speak(it.sentence);
}

/** Numbers move by the second; who listens is told when something else is so, and else now and then. */
const NOW_AND_THEN = 30_000;
const spoken = { what: null, at: 0 };

function speak(sentence) {
  const what = sentence.replaceAll(/\d+/g, "");
  if (what === spoken.what && Date.now() - spoken.at < NOW_AND_THEN) return;
  spoken.what = what;
  spoken.at = Date.now();
  say(byId("spoken"), sentence);
}

function facts(alive) {
  const of = migrations.standing;
  const all = [
    ["applied", of("applied", "baseline")],
    ["pending", of("pending", "out-of-order")],
    ["at work", of("running", "held", "paused", "finished")],
    ["blocked", of("blocked")],
    ["failed", of("failed", "changed")],
    ["alive", alive],
  ].filter(([name, number]) => number > 0 || name !== "at work");
  keyed(byId("facts"), all, ([name]) => name, ([name, number]) =>
    el("div", { class: name === "failed" && number > 0 ? "wrong" : null }, el("dt", {}, name), el("dd", {}, count(number))),
  );
}

// --- whether what is shown is so

function link(word, text) {
  byId("link").dataset.link = word;
  say(byId("link-text"), text);
}

function lost(why) {
  const node = byId("lost");
  node.hidden = why === null;
  if (why !== null) say(node, `${why}${seenAt ? ` What is shown is of ${clock(seenAt)}.` : ""}`);
}

// --- this process's own events

const KEPT = 12;
const told = [];

function happened(event) {
  const at = clock(new Date());
  const last = told[0];
  if (event.is === "batch-finished" && last?.is === event.is && last.label === event.label) {
    // Batches come by the second: one line for all of them.
    told[0] = { ...event, at, number: last.number, times: last.times + 1 };
  } else {
    told.unshift({ ...event, at, number: (last?.number ?? 0) + 1, times: 1 });
  }
  told.length = Math.min(told.length, KEPT);
  byId("now").hidden = false;
  keyed(byId("events"), told, (it) => it.number, (it) =>
    el("li", { class: it.is.endsWith("failed") ? "wrong" : null }, el("time", {}, it.at), " ", it.text, it.times > 1 ? el("span", { class: "soft" }, ` · ${count(it.times)} in a row`) : null),
  );
}

// --- what scrolls is a stop for who comes by keyboard, and what does not is none

const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => stop(target.closest(".scroll"))));

function stop(region) {
  if (region.scrollWidth > region.clientWidth) region.tabIndex = 0;
  else region.removeAttribute("tabindex");
}

const watched = new WeakSet();

function stops() {
  for (const region of document.querySelectorAll(".scroll")) {
    if (watched.has(region)) continue;
    watched.add(region);
    sizes.observe(region);
    sizes.observe(region.firstElementChild);
  }
}

// --- the connection

async function first() {
  const answer = await fetch("status.json");
  const said = await answer.json();
  if (answer.ok) take(said);
  else lost(`The database does not answer: ${said.error.message}.`);
}

function follow() {
  const source = new EventSource("events");
  source.addEventListener("open", () => link("live", "live"));
  source.addEventListener("look", (event) => take(JSON.parse(event.data)));
  source.addEventListener("event", (event) => happened(JSON.parse(event.data)));
  source.addEventListener("lost", (event) => lost(`The database does not answer: ${JSON.parse(event.data).why}.`));
  source.addEventListener("error", () => {
    link("lost", "not connected");
    lost("The service does not answer.");
    // The browser tries again by itself, unless it was refused.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  });
}

await actions.begin();
await first().catch(() => lost("The service does not answer."));
follow();
