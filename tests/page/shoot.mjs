// Pictures of one state, to look at: node shoot.mjs ADDRESS STATE
import { open } from "./browser.mjs";
const [address, state] = process.argv.slice(2);
for (const [name, options] of [["desktop-light", {}], ["desktop-dark", { colorScheme: "dark" }], ["phone-light", { phone: true }], ["phone-dark", { phone: true, colorScheme: "dark" }]]) {
  const { page, close } = await open(`${address}/${state}/index.html`, options);
  await page.waitForTimeout(1200);
  await page.screenshot({ path: `shots/${state}-${name}.png`, fullPage: true });
  await close();
}
process.exit(0);
