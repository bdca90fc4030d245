// Debian's Chromium, driven by playwright-core; nothing is fetched.
import { mkdtempSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let browser = null;

/** A page of its own, with what it did wrong: errors, dialogs, requests to elsewhere. */
export async function open(address, { phone = false, colorScheme = "light", reducedMotion = "reduce" } = {}) {
  browser ??= await chromium.launch({ executablePath: program, args: [...flags, `--crash-dumps-dir=${mkdtempSync(join(tmpdir(), "page-"))}`] });
  const context = await browser.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width: 1360, height: 860 },
    deviceScaleFactor: 1,
    isMobile: phone,
    hasTouch: phone,
    colorScheme,
    reducedMotion,
    locale: "en-GB",
    timezoneId: "UTC",
  });
  const page = await context.newPage();
  const wrong = [];
  const home = new URL(address).origin;
  page.on("pageerror", (error) => wrong.push(`error: ${error}`));
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(home)) wrong.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  await page.locator("#link[data-link]").waitFor();
  return { page, wrong, close: () => context.close() };
}

export const end = async () => browser?.close();
