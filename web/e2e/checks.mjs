// What is counted, and what every page is asked about.

import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { sideways } from './harness.mjs';

let passed = 0;
const failures = [];

export function check(name, good, detail = '') {
  if (good) passed += 1;
  else {
    failures.push(name);
    console.log(`FAIL ${name}${detail ? `: ${detail}` : ''}`);
  }
}

/** Says how many passed and failed, and ends with that. */
export function finish() {
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

export function quiet(name, seen) {
  check(`${name} has no console error`, seen.errors.length === 0, seen.errors.join(' | '));
  check(`${name} has no failed request`, seen.failed.length === 0, seen.failed.join(' | '));
  check(`${name} asks no other host`, seen.foreign.length === 0, seen.foreign.join(' | '));
  for (const list of Object.values(seen)) list.length = 0;
}

export const textOf = async (page, selector) => ((await page.locator(selector).first().textContent()) ?? '').trim();

/** What must be true of any page: its language, its mode, its width, its words. */
export async function page(page, name, language) {
  const root = await page.evaluate(() => ({ ...document.documentElement.dataset, lang: document.documentElement.lang }));
  check(`${name} says its mode`, ['paper', 'live', 'replay'].includes(root.tradingMode ?? ''), String(root.tradingMode));
  check(`${name} speaks ${language}`, root.lang === language, root.lang);
  const over = await sideways(page);
  check(`${name} has no sideways scroll`, over <= 0, `${over} px too wide`);
  const body = await page.evaluate(() => document.body.innerText);
  const raw = /\b(undefined|NaN|null)\b|\[object|\{\w+\}|\b(mode|order|panel|col|nav|off|empty|lab|jobs|bots|chat|settings)\.[a-z]\w+/.exec(body);
  check(`${name} shows no raw key or hole`, raw === null, raw?.[0]);
  check(`${name} can be halted`, await page.locator('[data-action="kill-switch"]').isVisible());
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let axe = null;

/** No serious or critical finding of axe. */
export async function accessible(page, name) {
  axe ??= await readFile(AXE, 'utf8');
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return serious.map(({ id, nodes }) => `${id} at ${nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')}`);
  });
  check(`${name} has no serious finding of axe`, found.length === 0, found.join(' | '));
}
