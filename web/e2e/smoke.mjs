// Opens the dashboard in a real browser and checks what a person would look for first.
// BASE_URL, TOKEN and OUT as environment; WRITES=1 also places, cancels, halts and resumes (never against a live account);
// SETUP_CODE makes the first user, signs out and in again; FULL=1 looks at every page in every language, width and colour
// and asks axe about each.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { accessible, check, finish, page as pageChecks, quiet, textOf } from './checks.mjs';
import { address, launch, PAGES, ready, tab, WAIT_MS } from './harness.mjs';
import { signIn } from './signin.mjs';
import { writes } from './writes.mjs';

const out = process.env.OUT ?? 'e2e/out';
const full = process.env.FULL === '1';
const WIDTHS = full ? [1366, 320, 390, 1920] : [1366, 390];
const SCHEMES = full ? ['light', 'dark'] : ['light'];
/** The pages that axe looks at in a smoke run: the densest, one with forms, one with prose. */
const AXE_PAGES = ['home', 'orders', 'assistant', 'settings'];
const heightOf = (width) => (width < 720 ? 844 : 900);

async function overview(page, name, language) {
  for (const [selector, what] of [
    ['[data-row="fill"]', 'a fill row'],
    ['.candle-host canvas', 'the chart'],
  ]) {
    await page.waitForSelector(selector, { timeout: WAIT_MS }).catch(() => {
      throw new Error(`${what} did not appear within ${WAIT_MS} ms (${selector})`);
    });
  }
  check(`${name} shows equity`, /\d{3}/.test(await textOf(page, '[data-figure="equity"]')));
  check(`${name} shows a fill`, /\d/.test(await textOf(page, '[data-row="fill"]')));
  check(`${name} stamps times`, (await page.locator('time[datetime$="+09:00"]').count()) > 0);
  check(`${name} marks freshness`, (await page.locator('[data-freshness="fresh"]').count()) > 0);
  const title = language === 'ko' ? '체결 내역' : 'Fills';
  check(`${name} titles the fills`, (await textOf(page, '#panel-fills')).startsWith(title), await textOf(page, '#panel-fills'));
  const nameless = () => [...document.querySelectorAll('.chips [data-symbol]')].every((chip) => chip.textContent?.trim() !== chip.getAttribute('data-symbol'));
  const named = await page.waitForFunction(nameless, null, { timeout: WAIT_MS }).catch(() => null);
  check(`${name} names every symbol of the chart`, named !== null);
  check(`${name} hides the token`, !(await page.evaluate(() => location.href)).includes('token'), 'token is still in the address');
}

/** Every page by its own address, as somebody who follows a link from elsewhere. */
async function look(browser, language, scheme, width) {
  const { context, page, seen } = await tab(browser, { language, scheme, width, height: heightOf(width) });
  for (const [name, path] of PAGES) {
    const title = `${name} ${language} ${scheme} ${width}px`;
    await page.goto(address(path, language), { waitUntil: 'domcontentloaded' });
    await ready(page, name).catch(async () => {
      await page.screenshot({ path: join(out, `missing-${name}-${language}-${scheme}-${width}.png`) });
      throw new Error(`${title} is not ready within ${WAIT_MS} ms`);
    });
    if (name === 'home') await overview(page, title, language);
    await pageChecks(page, title, language);
    if (full || (AXE_PAGES.includes(name) && width === 1366)) await accessible(page, title);
    await page.screenshot({ path: join(out, `${name}-${language}-${scheme}-${width}.png`), fullPage: true });
    quiet(title, seen);
  }
  await context.close();
}

const lastPart = (page) => page.evaluate(() => location.pathname);

async function controls(browser) {
  const { context, page, seen } = await tab(browser, { language: 'ko', scheme: 'light', width: 1366, height: 900 });
  await page.goto(address('/', 'ko'), { waitUntil: 'domcontentloaded' });
  await ready(page, 'home');
  if (process.env.WRITES === '1') await writes(page, out);
  await page.click('[data-action="language"]');
  check('the language button switches', (await page.evaluate(() => document.documentElement.lang)) === 'en');
  await page.click('[data-action="language"]');
  const before = await page.evaluate(() => document.documentElement.dataset.theme);
  await page.click('[data-action="theme"]');
  await page.click('[data-action="theme"]');
  const after = await page.evaluate(() => document.documentElement.dataset.theme);
  check('the theme button switches', before === 'light' && after === 'dark', `${before} -> ${after}`);
  await page.keyboard.press('Shift+Escape');
  check('shift and escape ask before halting', await page.locator('dialog[open] [data-action="confirm-halt"], dialog[open] [data-action="confirm-resume"]').isVisible());
  await page.screenshot({ path: join(out, 'dialog-halt.png') });
  await page.keyboard.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached', timeout: WAIT_MS }).catch(() => undefined);
  check('escape closes the question', (await page.locator('dialog[open]').count()) === 0);
  await journeys(page);
  quiet('controls', seen);
  await context.close();
}

/** Links, the back button, keys and the search lead to pages without loading the program anew. */
async function journeys(page) {
  await page.evaluate(() => {
    window.stillHere = true;
  });
  await page.click('[data-nav="orders"]');
  await ready(page, 'orders');
  check('a link of the rail changes the address', (await lastPart(page)) === '/orders');
  check('the focus follows to the page', await page.evaluate(() => document.activeElement?.id === 'content'));
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await ready(page, 'chart');
  await page.waitForFunction(() => /^\/chart\/[0-9A-Z]{6}$/.test(location.pathname), null, { timeout: WAIT_MS });
  check('g and c lead to the chart of a symbol', true);
  const shown = await lastPart(page);
  await page.goBack();
  await ready(page, 'orders');
  check('the back button brings the former page', (await lastPart(page)) === '/orders');
  await page.goForward();
  await ready(page, 'chart');
  check('and forward the symbol again', (await lastPart(page)) === shown);
  const code = shown.split('/').at(-1);
  await page.keyboard.press('Control+k');
  await page.fill('dialog[open] input[role="combobox"]', code ?? '');
  await page.keyboard.press('Enter');
  await ready(page, 'chart');
  check('the search opens a symbol by its code', (await lastPart(page)) === shown);
  check('no step loaded the program anew', await page.evaluate(() => window.stillHere === true));
}

/** What went wrong and where: the browser's log of a wait that was too long, on one line. */
const reason = (error) => {
  const at = /\((?:file:\/\/)?\S*\/([\w.]+:\d+):\d+\)/.exec(error.stack ?? '')?.[1] ?? '';
  return `${String(error).replace(/\s+/g, ' ').slice(0, 600)} ${at}`.trim();
};

async function main() {
  await mkdir(out, { recursive: true });
  const browser = await launch();
  // The demo's market day lasts a few minutes, and an order ends with its day: what writes comes first.
  const steps = [['controls', () => controls(browser)]];
  for (const scheme of SCHEMES) {
    for (const language of ['ko', 'en']) {
      for (const width of WIDTHS) steps.push([`${language} ${scheme} ${width}`, () => look(browser, language, scheme, width)]);
    }
  }
  // Once there is a user, strangers read no more: what looks around without rights comes before.
  if (process.env.SETUP_CODE) steps.push(['sign-in', () => signIn(browser, process.env.SETUP_CODE, out)]);
  for (const [name, step] of steps) {
    await step().catch((error) => check(name, false, reason(error)));
  }
  await browser.close();
  finish();
}

await main();
