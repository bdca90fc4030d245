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

/** What both are compared by: which migrations are applied, and who is alive; and all that was done until then. */
const FACTS = `
select coalesce((select string_agg(concat(a.action, ' ', coalesce(a.version || '_', 'R__'), a.name), ',' order by a.id)
        from upshift.audit a where a.outcome = 'done' and a.action in ('apply', 'revert')), '') as done,
    coalesce((select string_agg(coalesce(h.version || '_', 'R__') || h.name, ' ' order by h.version, h.name)
        from upshift.history h where h.state = 'applied'), '') as applied,
    coalesce((select string_agg(i.host, ' ' order by i.host)
        from upshift.instance i where i.left_at is null and i.expires_at > clock_timestamp()), '') as alive`;

async function database(client) {
  const { rows } = await client.query(FACTS).catch((error) => {
    // Nothing was migrated yet.
    if (error.code === "42P01" || error.code === "3F000") return { rows: [{ applied: "", alive: "", done: "" }] };
    throw error;
  });
  return rows[0];
}

const words = (text, by) => (text === "" ? [] : text.split(by));

/**
 * What was so between two looks at the database, too: a migration may be applied for a moment only before the next one is.
 * The audit has each in its order; who was alive then is who was at the look before or at this one.
 */
function between(before, now, at) {
  const applied = new Set(words(before.applied, " "));
  const states = [];
  for (const did of words(now.done, ",").slice(words(before.done, ",").length)) {
    const [action, label] = did.split(" ");
    if (action === "apply") applied.add(label);
    else applied.delete(label);
    for (const alive of [before.alive, now.alive]) states.push({ at, says: `${[...applied].sort().join(" ")} | ${alive}` });
  }
  return states;
}

const shown = (page) =>
  page.evaluate(() => {
    const rows = [...document.querySelectorAll("#migration-rows tr")].map((row) => ({
      label: row.querySelector("th code, th").textContent,
      state: row.querySelector(".state").textContent,
    }));
    const applied = rows.filter((it) => it.state === "applied").map((it) => it.label);
    const alive = [...document.querySelectorAll("#instances tr.alive th")].map((it) => it.firstChild.textContent.trim());
    return `${applied.sort().join(" ")} | ${alive.sort().join(" ")}`;
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
  const facts = [];
  const pages = [];
  let before = { applied: "", alive: "", done: "" };
  let over = false;
  ended.then(() => (over = true));
  while (!over) {
    const at = Date.now();
    try {
      const now = await database(client);
      facts.push(...between(before, now, at), { at, says: `${now.applied} | ${now.alive}` });
      before = now;
      pages.push({ at: Date.now(), says: await shown(page) });
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
  for (const it of pages) {
    const before = facts.filter((fact) => fact.says === it.says && fact.at <= it.at + EVERY).at(-1);
    assert.ok(before, `the page shows what never was so: ${it.says}\n${steps(facts).map((fact) => fact.says).join("\n")}`);
    const since = facts.find((fact) => fact.at > before.at && fact.at <= it.at && fact.says !== it.says);
    const late = since ? it.at - since.at : 0;
    slowest = Math.max(slowest, late);
    assert.ok(late <= BEHIND, `the page showed ${it.says} ${late} ms after it was over`);
  }
  for (const [n, it] of steps(facts).entries()) {
    const next = steps(facts)[n + 1]?.at ?? facts.at(-1).at;
    if (next - it.at < BEHIND) continue;
    assert.ok(pages.some((page) => page.says === it.says), `the page never showed ${it.says}`);
  }
  console.log(`page-tests: ${steps(facts).length} steps in the database, ${steps(pages).length} on the page, ${slowest} ms behind at most`);
  assert.ok(steps(pages).length >= 4, "it showed hardly a step");
  const lost = /Failed to load resource|ERR_|503|fetch/;
  assert.deepEqual(wrong.filter((it) => !lost.test(it)), [], "what goes wrong is the end of the server alone");
  await close();
  await client.end().catch(() => {});
});
