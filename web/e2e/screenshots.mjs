// Every page in both languages and two widths as pictures, to be looked at by a person.
// BASE_URL and TOKEN as environment; OUT is the folder; SCHEMES, WIDTHS and ONLY narrow it down.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { address, launch, PAGES, ready, tab } from './harness.mjs';

const out = process.env.OUT ?? '../target/screenshots';
const listed = (name, usual) => (process.env[name] ?? usual).split(',');
const schemes = listed('SCHEMES', 'light,dark');
const widths = listed('WIDTHS', '1366,390').map(Number);
const languages = listed('LANGUAGES', 'ko,en');
const only = process.env.ONLY?.split(',');

await mkdir(out, { recursive: true });
const browser = await launch();
let taken = 0;
for (const language of languages) {
  for (const scheme of schemes) {
    for (const width of widths) {
      const { context, page } = await tab(browser, { language, scheme, width, height: width < 720 ? 844 : 900 });
      for (const [name, path] of PAGES) {
        if (only && !only.includes(name)) continue;
        await page.goto(address(path, language), { waitUntil: 'domcontentloaded' });
        await ready(page, name);
        // Charts paint a frame after their data, and the stream brings prices once more.
        await page.waitForTimeout(1_500);
        await page.screenshot({ path: join(out, `${name}-${language}-${scheme}-${width}.png`), fullPage: true });
        taken += 1;
      }
      await context.close();
    }
  }
}
await browser.close();
console.log(`${taken} pictures in ${out}`);
