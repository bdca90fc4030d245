// `scripts/rollout-demo` with the page open: what it shows agrees with the database at every step of a rollout.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import pg from "pg";
import { end, open } from "./browser.mjs";

const EVERY = 100;
/** How far the page may be behind: a look a second, the way to the page, and a machine that has other work. */
const BEHIND = 4000;

after(end);

/** What both are compared by: which migrations are applied, who is alive; and, each in its order, all that was done until then and all who ever joined. */
const FACTS = `
select coalesce((select string_agg(concat(a.action, ' ', coalesce(a.version || '_', 'R__'), a.name), ',' order by a.id)
        from upshift.audit a where a.outcome = 'done' and a.action in ('apply', 'revert')), '') as done,
    coalesce((select string_agg(coalesce(h.version || '_', 'R__') || h.name, ' ' order by h.version, h.name)
        from upshift.history h where h.state = 'applied'), '') as applied,
    coalesce((select string_agg(i.host, ' ' order by i.host)
        from upshift.instance i where i.left_at is null and i.expires_at > clock_timestamp()), '') as alive,
    coalesce((select string_agg(i.host, ' ' order by i.joined_at, i.id) from upshift.instance i), '') as joined`;

const NOTHING = { applied: "", alive: "", done: "", joined: "" };

async function database(client) {
  const { rows } = await client.query(FACTS).catch((error) => {
    // Nothing was migrated yet.
    if (error.code === "42P01" || error.code === "3F000") return { rows: [NOTHING] };
    throw error;
  });
  return rows[0];
}

const words = (text, by = " ") => (text === "" ? [] : text.split(by));

/**
 * All that was so from one look at the database to the next. A migration may be applied for a moment only before the next
 * one is: the audit has each in its order. Who was alive at both looks was so in between; who was at one of them, or joined
 * in between, may have been.
 */
function span(before, now, at) {
  const applied = new Set(words(before.applied));
  const states = [before.applied];
  for (const did of words(now.done, ",").slice(words(before.done, ",").length)) {
    const [action, label] = did.split(" ");
    if (action === "apply") applied.add(label);
    else applied.delete(label);
    states.push([...applied].sort().join(" "));
  }
  const [was, is] = [words(before.alive), words(now.alive)];
  return {
    at,
    applied: new Set([...states, now.applied]),
    always: was.filter((it) => is.includes(it)),
    ever: new Set([...was, ...is, ...words(now.joined).slice(words(before.joined).length)]),
    says: `${now.applied} | ${now.alive}`,
  };
}

const alive = (span, who) => span.always.every((it) => who.includes(it)) && who.every((it) => span.ever.has(it));

/** Whether the page may say this of a span: who is alive it read a moment after what is applied, so in the next span, perhaps. */
function agrees(spans, n, page) {
  return spans[n].applied.has(page.applied) && [spans[n], spans[n + 1]].some((it) => it && alive(it, page.alive));
}

const shown = (page) =>
  page.evaluate(() => {
    const rows = [...document.querySelectorAll("#migration-rows tr")].map((row) => ({
      label: row.querySelector("th code, th").textContent,
      state: row.querySelector(".state").textContent,
    }));
    const applied = rows.filter((it) => it.state === "applied").map((it) => it.label);
    const alive = [...document.querySelectorAll("#instances tr.alive th")].map((it) => it.firstChild.textContent.trim());
    return { applied: applied.sort().join(" "), alive: alive.sort() };
  });

test("the page agrees with the database at every step of a rollout", async () => {
  const program = process.env.ROLLOUT;
  const demo = spawn(program, ["rollout", "40000"], { env: { ...process.env, UPSHIFT_PAGE: "127.0.0.1:0" } });
  const told = {};
  const said = [];
  const ended = new Promise((resolve) => demo.on("exit", resolve));
  const both = new Promise((resolve, reject) => {
    createInterface({ input: demo.stdout }).on("line", (line) => {
      said.push(line);
      const [, what, where] = line.match(/the (page|database): (\S+)/) ?? [];
      if (what) told[what] = where;
      if (told.page && told.database) resolve();
    });
    ended.then((code) => reject(new Error(`the demo ended with ${code}:\n${said.join("\n")}`)));
  });
  await both;
  // The gates wait for sessions that are no instance's; this one is the demo's own.
  const client = new pg.Client({ connectionString: told.database, application_name: "rollout-demo" });
  client.on("error", () => {});
  await client.connect();
  const { page, wrong, close } = await open(told.page);
  const spans = [];
  const pages = [];
  let before = NOTHING;
  let over = false;
  ended.then(() => (over = true));
  while (!over) {
    const at = Date.now();
    try {
      const now = await database(client);
      spans.push(span(before, now, at));
      before = now;
      const it = await shown(page);
      // What it shows now was so by the next look at the latest.
      pages.push({ ...it, at: Date.now(), until: spans.length, says: `${it.applied} | ${it.alive.join(" ")}` });
    } catch (error) {
      // The server goes with the demo.
      if (!over) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 3000))]);
      if (!over) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
  assert.equal(await ended, 0, said.join("\n"));
  const steps = (all) => all.filter((it, n) => n === 0 || it.says !== all[n - 1].says);
  let slowest = 0;
  // Behind the last look at the database nobody knows what was so.
  for (const it of pages.filter((it) => it.until < spans.length)) {
    let last = it.until;
    while (last >= 0 && !agrees(spans, last, it)) last -= 1;
    assert.ok(last >= 0, `the page shows what never was so: ${it.says}\n${steps(spans).map((it) => it.says).join("\n")}`);
    const late = last < it.until ? it.at - spans[last + 1].at : 0;
    slowest = Math.max(slowest, late);
    assert.ok(late <= BEHIND, `the page showed ${it.says} ${late} ms after it was over`);
  }
  for (const [n, it] of steps(spans).entries()) {
    const next = steps(spans)[n + 1]?.at ?? spans.at(-1).at;
    if (next - it.at < BEHIND) continue;
    assert.ok(pages.some((page) => page.says === it.says), `the page never showed ${it.says}`);
  }
  console.log(`page-tests: ${steps(spans).length} steps in the database, ${steps(pages).length} on the page, ${slowest} ms behind at most`);
  assert.ok(steps(pages).length >= 3, "it showed hardly a step");
  const lost = /Failed to load resource|ERR_|503|fetch/;
  assert.deepEqual(wrong.filter((it) => !lost.test(it)), [], "what goes wrong is the end of the server alone");
  await close();
  await client.end().catch(() => {});
});
