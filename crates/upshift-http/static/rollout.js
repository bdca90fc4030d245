// What goes on: backfills, contracts and whom they wait for, the fleet, who waits for locks.

import { byId, either, el, keyed, label } from "./dom.js";
import { ago, count, duration, many, now } from "./words.js";
import { button } from "./actions.js";

export function show(data) {
  const backfills = data.backfills;
  const contracts = data.contracts.filter((it) => it.phase === "contract" && it.state !== "applied");
  const waiting = data.contracts.filter((it) => it.phase === "backfill" && it.state === "pending");
  keyed(byId("backfills"), backfills, (it) => it.id, backfill);
  keyed(byId("contracts"), [...waiting, ...contracts], (it) => it.id, contract);
  byId("rollout-none").hidden = backfills.length + contracts.length + waiting.length > 0;
  words(data.words);
}

// --- backfills

function backfill(it) {
  const name = `${it.id}_${it.name}`;
  const all = Math.max(it.estimate, it.rows, 1);
  const percent = Math.min(100, Math.floor((it.rows / all) * 100));
  const facts = [`${count(it.rows)} of about ${count(all)} rows`];
  if (it.rate !== null) facts.push(`${count(it.rate)} a second`);
  if (it.left_ms !== null && it.state === "running") facts.push(`about ${duration(it.left_ms)} left`);
  const workers = it.workers.length ? `${many(it.workers.length, "worker")}: ${it.workers.join(", ")}` : "no worker at the moment";
  return el(
    "article",
    { class: `card backfill ${it.state}`, "aria-label": `Backfill ${name}` },
    el("div", { class: "head" }, label(name), el("span", { class: `state ${it.state}` }, it.state), ...pausing(it, name)),
    el(
      "div",
      { class: "bar" },
      el("progress", { max: 100, value: it.state === "finished" ? 100 : percent, "aria-label": `Rows of ${name} that are done` }),
      el("span", { class: "percent" }, `${percent} %`),
    ),
    el("p", {}, facts.join(" · ")),
    el("p", { class: "soft" }, `${it.table} · ${workers}`),
    it.why ? el("p", { class: it.state === "failed" ? "why wrong" : "why" }, it.why) : null,
  );
}

function pausing(it, name) {
  if (it.state === "running" || it.state === "held") return [button("pause", "Pause", `Pause the backfill ${name}?`, it.id)];
  if (it.state === "paused" || it.state === "failed") return [button("resume", "Resume", `Let the backfill ${name} go on?`, it.id)];
  return [];
}

// --- contracts

function contract(it) {
  const reasons = it.state === "closed" ? it.more : [];
  const said = { closed: "waits", open: "its gate is open", stopped: "stopped in the middle", pending: "has not begun" }[it.state] ?? it.state;
  return el(
    "article",
    { class: `card ${it.phase} ${it.state}`, "aria-label": `${it.phase} ${it.label}` },
    el(
      "div",
      { class: "head" },
      label(it.label),
      el("span", { class: `state ${it.state === "closed" ? "blocked" : it.state}` }, said),
      it.approval_wanted ? button("approve", "Approve", `Approve the contract ${it.label}? Whoever is alive is waited for all the same.`, it.id) : null,
    ),
    reasons.length ? el("ul", { class: "reasons" }, ...reasons.map((reason) => el("li", {}, reason))) : null,
  );
}

// --- what operators said

function words(all) {
  const list = byId("words");
  list.hidden = all.length === 0;
  keyed(list, all, (it) => `${it.kind} ${it.version} ${it.at}`, (it) => {
    const about = it.version === null ? "all contracts" : String(it.version);
    const verb = it.kind === "hold" ? "held" : "approved";
    return el("li", {}, el("strong", {}, `${about} ${verb}`), `: ${it.reason} `, el("span", { class: "soft" }, `(${it.role}, ${ago(it.at)})`));
  });
  const held = all.some((it) => it.kind === "hold");
  const wanted = held
    ? button("release", "Release", "Let contracts run again, when nothing else keeps them?", null)
    : button("hold", "Hold contracts", "Keep every contract from running?", null);
  const actions = byId("rollout-actions");
  if (actions.dataset.held !== String(held) || actions.childElementCount !== (wanted ? 1 : 0)) {
    actions.dataset.held = String(held);
    actions.replaceChildren(...(wanted ? [wanted] : []));
  }
}

// --- the fleet

const LEFT = 5;

export function fleet(instances) {
  const stateOf = (it) => (it.left_at ? "left" : Date.parse(it.expires_at) > now() ? "alive" : "over");
  const order = { alive: 0, over: 1, left: 2 };
  const all = instances.map((it) => ({ ...it, state: stateOf(it) }));
  all.sort((a, b) => order[a.state] - order[b.state] || a.service.localeCompare(b.service) || (b.release ?? "").localeCompare(a.release ?? ""));
  const alive = all.filter((it) => it.state !== "left");
  const left = all.filter((it) => it.state === "left").slice(0, LEFT);
  either(all.length > 0, byId("fleet-table"), byId("fleet-none"));
  // What is said depends on the time as well.
  const rows = [...alive, ...left].map((it) => ({ ...it, seen: it.left_at ? `left ${ago(it.left_at)}` : ago(it.seen_at) }));
  keyed(byId("instances"), rows, (it) => it.id, instance);
  return alive.filter((it) => it.state === "alive").length;
}

function instance(it) {
  const contracts = it.contracts.length;
  return el(
    "tr",
    { class: `instance ${it.state}` },
    el("td", { class: "by" }, `${it.service} ${it.release ?? ""}`.trim()),
    el(
      "th",
      { scope: "row" },
      it.host ?? "somewhere",
      " ",
      el("code", { class: "soft" }, it.id),
      contracts ? el("span", { class: "soft small also" }, `tolerates ${many(contracts, "contract")}`) : null,
    ),
    el("td", { class: "number" }, it.state === "over" ? el("span", { class: "state blocked" }, "lease over") : null, el("span", { class: "seen" }, it.seen)),
  );
}

// --- locks

export function locks(waits) {
  keyed(byId("waits"), waits, (it) => it.pid, wait);
  byId("locks-none").hidden = waits.length > 0;
}

function wait(it) {
  const who = it.part === "migrator" ? "The migration" : it.application || "A session";
  const blockers = it.by.map((by) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, String(by.pid)),
      el("td", {}, by.application || "–", el("span", { class: "soft small" }, ` ${by.role}`)),
      el("td", { class: "number" }, duration(by.transaction_age_ms)),
      el("td", {}, el("code", {}, by.query)),
    ),
  );
  return el(
    "article",
    { class: `card wait ${it.part}`, "aria-label": `Session ${it.pid} waits for a lock` },
    el("div", { class: "head" }, el("span", {}, `${who} (pid ${it.pid})`), el("span", { class: "state blocked" }, `waits for ${duration(it.waited_ms)}`)),
    el("p", {}, el("code", {}, it.query)),
    el(
      "div",
      { class: "scroll", role: "region", "aria-label": `Who is in the way of ${it.pid}` },
      el(
        "table",
        {},
        el("caption", {}, "In the way"),
        el("thead", {}, el("tr", {}, ...["pid", "application", "open for", "query"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, ...blockers),
      ),
    ),
  );
}
