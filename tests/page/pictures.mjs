// The pictures of docs/page, each under 150 kB: `scripts/page-tests --pictures`.
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { end, open } from "./browser.mjs";

const folder = new URL("../../docs/page/", import.meta.url).pathname;
const PICTURES = [
  ["backfill", { }],
  ["backfill", { phone: true, colorScheme: "dark" }],
  ["blocked", { }],
  ["blocked", { colorScheme: "dark" }],
  ["blocked", { phone: true }],
  ["failed", { colorScheme: "dark" }],
  ["many", { }],
  ["many", { phone: true }],
  ["empty", { }],
  ["acting", { }],
];

mkdirSync(folder, { recursive: true });
for (const [state, options] of PICTURES) {
  const { page, close } = await open(`${process.env.ADDRESS}/${state}/index.html`, options);
  const name = `${state}-${options.phone ? "phone" : "desktop"}-${options.colorScheme ?? "light"}.png`;
  await page.waitForTimeout(2000);
  // A thousand rows are shown by their first screen.
  const fullPage = state !== "many";
  await page.screenshot({ path: folder + name, fullPage });
  // 64 colours are enough for text on paper, and a third of the size.
  execFileSync("pngquant", ["--force", "--ext", ".png", "--speed", "1", "64", folder + name]);
  const size = statSync(folder + name).size;
  console.log(`${name}: ${Math.round(size / 1024)} kB`);
  if (size > 150 * 1024) process.exitCode = 1;
  await close();
}
await end();
