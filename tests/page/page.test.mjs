// The page in a browser, in every state, beside a real PostgreSQL: `scripts/page-tests`. ADDRESS is that of page-under-test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { end, open } from "./browser.mjs";

const address = process.env.ADDRESS;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const at = (state) => `${address}/${state}/index.html`;

const named = (look) => `${look.phone ? "phone" : "desktop"}, ${look.colorScheme ?? "light"}`;

after(end);

/** Opens a state, does something there, and sees that the page did nothing wrong. */
async function on(state, options, look) {
  const { page, wrong, close } = await open(at(state), options);
  try {
    await look(page);
    const allowed = state === "lost" ? wrong.filter((it) => !it.includes("503")) : wrong;
    // Who has no session is told so by a status that browsers write to their console.
    assert.deepEqual(allowed.filter((it) => !it.includes("404")), []);
  } finally {
    await close();
  }
}

const text = (page, id) => page.locator(`#${id}`).innerText();

// --- what is shown

const STANDING = {
  empty: /^Nothing is applied, and nothing is pending$/,
  pending: /^3 migrations are pending$/,
  backfill: /^The backfill 20260514093100_fill_state is \d+\u202f% done, about .* left$/,
  blocked: /^4_hide_status waits: held by postgres: Black Friday/,
  failed: /^20260502080000_check_email failed at statement 2 of 2/,
  many: /^10 migrations are pending$/,
  hostile: /^2_raise failed at statement 1 of 1 .*<img src=x onerror/,
};

for (const [state, sentence] of Object.entries(STANDING)) {
  test(`where it stands is one sentence: ${state}`, () =>
    on(state, {}, async (page) => {
      await page.waitForFunction((source) => new RegExp(source).test(document.querySelector("#standing").innerText), sentence.source);
      assert.equal(await text(page, "link"), "live");
      const spoken = await page.locator("[role=status]").textContent();
      assert.ok(spoken.length > 0, "a screen reader is told as well");
    }));
}

test("a running backfill has its progress, its rate, its workers, and moves", () =>
  on("backfill", {}, async (page) => {
    const card = page.locator("#backfills article");
    const progress = card.getByRole("progressbar", { name: "Rows of 20260514093100_fill_state that are done" });
    assert.equal(await progress.count(), 1);
    assert.match(await card.innerText(), /of about 400,000 rows · [\d,]+ a second · about .* left/);
    await card.getByText(/2 workers: orders 1\.1\.0 web-1/).waitFor();
    const rows = async () => Number((await card.innerText()).match(/([\d,]+) of about/)[1].replaceAll(",", ""));
    const before = await rows();
    await page.waitForFunction((before) => Number(document.querySelector("#backfills article").innerText.match(/([\d,]+) of about/)[1].replaceAll(",", "")) > before, before);
    // What this process does is told by itself.
    await page.locator("#events li").first().waitFor();
  }));

test("a blocked contract says whom it waits for, and a lock who is in its way", () =>
  on("blocked", {}, async (page) => {
    const contract = await page.locator("#contracts article").innerText();
    assert.match(contract, /orders 1\.0\.0 on web-1 \([0-9a-f]{8}\) still needs it/);
    assert.match(contract, /held by postgres: Black Friday, nobody contracts before Tuesday \(by anna\)/);
    const fleet = await text(page, "instances");
    assert.match(fleet, /web-3[\s\S]*lease over[\s\S]*10 min ago/);
    assert.match(fleet, /web-4[\s\S]*left/);
    assert.match(fleet, /web-5[\s\S]*tolerates 1 contract/);
    const waits = await text(page, "waits");
    assert.match(waits, /truncate orders/);
    assert.match(waits, /dashboard[\s\S]*select count\(\*\) from orders/);
  }));

test("a failure is shown where it left nothing and where it stopped in the middle", () =>
  on("failed", {}, async (page) => {
    const rows = await text(page, "migration-rows");
    assert.match(rows, /failed at statement 2[\s\S]*could not create unique index/);
    assert.match(rows, /20260502080000_check_email[\s\S]*violated by some row/);
    assert.match(await text(page, "facts"), /failed\s*2/);
    await page.locator("#audit-outcome").selectOption("failed");
    assert.equal(await page.locator("#audit-rows tr").count(), 2);
  }));

test("a database that does not answer is said, and the page stays", () =>
  on("lost", {}, async (page) => {
    await page.locator("#lost:not([hidden])").waitFor();
    assert.match(await text(page, "lost"), /The database does not answer: no connection/);
  }));

// --- a thousand

test("a thousand migrations stay quick: filters, search, all of them", () =>
  on("many", {}, async (page) => {
    const rows = page.locator("#migration-rows tr");
    assert.equal(await rows.count(), 50);
    assert.equal(await page.locator("#strip rect").count(), 1000);
    const took = await page.evaluate(() => {
      const field = document.querySelector("#filter-text");
      const began = performance.now();
      for (const words of ["i", "inv", "invoices", "", "audit_trail_5"]) {
        field.value = words;
        field.dispatchEvent(new Event("input"));
        document.body.getBoundingClientRect();
      }
      return performance.now() - began;
    });
    console.log(`five searches in a thousand migrations: ${took.toFixed(0)} ms`);
    assert.ok(took < 2000, `${took} ms`);
    assert.match(await text(page, "filter-count"), /^\d+ of 1,000$/);
    await page.locator("#filter-text").fill("");
    await page.locator("#filter-phase").selectOption("contract");
    assert.match(await text(page, "filter-count"), /^43 of 1,000$/);
    await page.locator("#filter-phase").selectOption("");
    await page.getByRole("button", { name: "Show 950 more" }).click();
    assert.equal(await rows.count(), 1000);
    // Where the new rows begin is where a keyboard goes on.
    assert.equal(await page.evaluate(() => [...document.querySelectorAll("#migration-rows tr")].indexOf(document.activeElement)), 50);
  }));

for (const look of [{}, { phone: true }]) {
  test(`the dates of the time line stand beside each other: ${named(look)}`, () =>
    on("many", look, async (page) => {
      const boxes = await page.locator("#dates span").evaluateAll((all) => all.map((it) => it.getBoundingClientRect()).map(({ left, right }) => ({ left, right })));
      assert.ok(boxes.length > 2, `${boxes.length} dates`);
      boxes.slice(1).forEach((box, place) => assert.ok(box.left >= boxes[place].right, `date ${place + 1} stands on date ${place}`));
      assert.ok(boxes.at(-1).right <= (await page.evaluate(() => window.innerWidth)));
    }));
}

test("a click on the time line finds the migration", () =>
  on("many", {}, async (page) => {
    await page.locator("#strip rect").nth(500).dispatchEvent("click");
    assert.equal(await page.locator("#migration-rows tr").count(), 1);
  }));

// --- names

test("hostile names are texts: no element, no dialog, no request", () =>
  on("hostile", {}, async (page) => {
    await page.locator("#audit-rows tr").first().waitFor();
    assert.equal(await page.locator("img, iframe, object, body script, [onerror]").count(), 0);
    const all = await page.locator("body").innerText();
    assert.ok(all.split("<img src=x onerror=").length > 8, "they are shown as they are");
    assert.equal(await page.evaluate(() => window.alerted), undefined);
  }));

test("what the policy forbids is refused by the browser, too", () =>
  on("empty", {}, async (page) => {
    const refused = await page.evaluate(() => {
      try {
        document.querySelector("main").innerHTML = "<b>no</b>";
        return false;
      } catch {
        return true;
      }
    });
    assert.ok(refused, "require-trusted-types-for");
  }).catch((error) => {
    // The browser writes what it refused to its console, and that alone may be wrong here.
    if (!/trusted/i.test(String(error.message))) throw error;
  }));

// --- for everybody

const LOOKS = [{}, { colorScheme: "dark" }, { phone: true }, { phone: true, colorScheme: "dark" }];

for (const state of [...Object.keys(STANDING), "acting", "lost"]) {
  for (const look of LOOKS) {
    test(`axe finds nothing: ${state}, ${named(look)}`, () =>
      on(state, look, async (page) => {
        await page.waitForTimeout(300);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
        const said = violations.map((it) => `${it.impact} ${it.id}: ${it.nodes.map((node) => node.html).join(" ")}`);
        assert.deepEqual(said, []);
        const [inner, outer] = await page.evaluate(() => [document.scrollingElement.scrollWidth, window.innerWidth]);
        assert.ok(inner <= outer, `it scrolls sideways: ${inner} > ${outer}`);
      }));
  }
}

test("all of it can be reached by keyboard, is seen to be, and nothing keeps one", () =>
  on("blocked", {}, async (page) => {
    const stops = [];
    for (let n = 0; n < 60; n++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const node = document.activeElement;
        if (node === document.body) return null;
        const { outlineStyle, outlineWidth } = getComputedStyle(node);
        return { name: (node.textContent || node.getAttribute("aria-label") || node.id).trim().slice(0, 30), id: node.id, seen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
      });
      if (!stop) break;
      stops.push(stop);
    }
    assert.equal(stops[0].name, "Skip to the migrations and the");
    assert.deepEqual(stops.filter((it) => !it.seen).map((it) => it.name), [], "each has a visible focus");
    const ids = stops.map((it) => it.id);
    for (const id of ["filter-state", "filter-phase", "filter-text", "audit-outcome", "audit-text"]) assert.ok(ids.includes(id), id);
    assert.ok(stops.length < 60, "there is an end");
    assert.equal(stops.at(-1).name, "readiness");
  }));

test("the skip link leads behind the head", () =>
  on("blocked", {}, async (page) => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  }));

// --- actions

test("without an auth hook there is no button", () =>
  on("backfill", {}, async (page) => {
    await page.locator("#backfills article").waitFor();
    assert.equal(await page.locator("button.act").count(), 0);
  }));

test("by keyboard a backfill is paused and resumed, in the name of who did it", () =>
  on("acting", {}, async (page) => {
    const pause = page.getByRole("button", { name: "Pause" });
    await pause.focus();
    // The card is made anew while it runs; the focus stays where it was.
    const before = await page.locator("#backfills article").innerText();
    await page.waitForFunction((before) => document.querySelector("#backfills article").innerText !== before, before);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Pause");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Pause" });
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await dialog.isVisible(), false);
    await pause.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.type("lunch");
    await page.keyboard.press("Enter");
    await page.locator("#backfills .state.paused").waitFor();
    assert.match(await page.locator("#backfills article").innerText(), /lunch \(by anna\)/);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.locator("#ask-reason").fill("back");
    await page.locator("#ask-yes").click();
    await page.locator("#backfills .state.running").waitFor();
  }));

test("contracts are held and released, and the history says who", () =>
  on("acting", {}, async (page) => {
    await page.getByRole("button", { name: "Hold contracts" }).click();
    await page.locator("#ask-reason").fill("wait for me");
    await page.locator("#ask-yes").click();
    await page.locator("#words:not([hidden])").waitFor();
    assert.match(await text(page, "words"), /all contracts held: wait for me \(by anna\)/);
    await page.getByRole("button", { name: "Release" }).click();
    await page.locator("#ask-yes").click();
    await page.getByRole("button", { name: "Hold contracts" }).waitFor();
    await page.locator("#audit-text").fill("by anna");
    await page.locator("#audit-rows tr", { hasText: "release" }).first().waitFor();
  }));

test("a contract that wants a person's word is approved", () =>
  on("acting", {}, async (page) => {
    const contract = page.locator("#contracts article");
    await contract.getByText("nobody has approved it yet").waitFor();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.locator("#ask-reason").fill("looked at it");
    await page.locator("#ask-yes").click();
    await contract.getByText("nobody has approved it yet").waitFor({ state: "detached" });
    assert.match(await text(page, "words"), /20260514093200 approved: looked at it \(by anna\)/);
    assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
  }));
