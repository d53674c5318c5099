// Opens the dashboard in a real browser and checks what a person would look for first.
// BASE_URL, TOKEN and OUT as environment; WRITES=1 also places, cancels, halts and resumes (never against a live account).

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const base = process.env.BASE_URL ?? 'http://127.0.0.1:8787';
const token = process.env.TOKEN ?? '';
const out = process.env.OUT ?? 'e2e/out';
const host = new URL(base).host;
const WAIT_MS = Number(process.env.WAIT_MS ?? 20_000);
const SIZES = [
  [1366, 900],
  [390, 844],
  [320, 640],
];

let passed = 0;
const failures = [];

function check(name, good, detail = '') {
  if (good) passed += 1;
  else {
    failures.push(name);
    console.log(`FAIL ${name}${detail ? `: ${detail}` : ''}`);
  }
}

/** Everything that must stay silent: console errors, failed or refused requests, other hosts. */
function watch(page) {
  const seen = { errors: [], failed: [], foreign: [] };
  page.on('console', (message) => {
    if (message.type() === 'error') seen.errors.push(message.text());
  });
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.host !== host) seen.foreign.push(request.url());
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== host) seen.foreign.push(socket.url());
  });
  page.on('requestfailed', (request) => {
    // Leaving the page ends a request under way; that is no failure.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') seen.failed.push(`${request.url()} ${request.failure()?.errorText}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) seen.failed.push(`${response.status()} ${response.url()}`);
  });
  return seen;
}

function report(name, seen) {
  check(`${name} has no console error`, seen.errors.length === 0, seen.errors.join(' | '));
  check(`${name} has no failed request`, seen.failed.length === 0, seen.failed.join(' | '));
  check(`${name} asks no other host`, seen.foreign.length === 0, seen.foreign.join(' | '));
}

const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const textOf = async (page, selector) => ((await page.locator(selector).first().textContent()) ?? '').trim();

async function open(browser, { language, scheme, width, height }) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    // Korean time must be right in any zone.
    timezoneId: 'America/New_York',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const seen = watch(page);
  const awaited = [
    ['main[data-ready="true"]', 'the first data'],
    ['[data-row="fill"]', 'a fill row'],
    ['.candle-host canvas', 'the chart'],
  ];
  await page.goto(`${base}/?lang=${language}${token ? `#token=${token}` : ''}`, { waitUntil: 'domcontentloaded' });
  for (const [selector, what] of awaited) {
    await page.waitForSelector(selector, { timeout: WAIT_MS }).catch(async () => {
      await page.screenshot({ path: join(out, `missing-${language}-${scheme}-${width}.png`) });
      report(`${language} ${scheme} ${width}px`, seen);
      await context.close();
      throw new Error(`${what} did not appear within ${WAIT_MS} ms (${selector})`);
    });
  }
  return { context, page, seen };
}

async function contents(page, name, language) {
  const root = await page.evaluate(() => ({ ...document.documentElement.dataset, lang: document.documentElement.lang }));
  check(`${name} says its mode`, ['paper', 'live', 'replay'].includes(root.tradingMode ?? ''), String(root.tradingMode));
  check(`${name} speaks ${language}`, root.lang === language, root.lang);
  check(`${name} shows equity`, /\d{3}/.test(await textOf(page, '[data-figure="equity"]')));
  check(`${name} shows a fill`, /\d/.test(await textOf(page, '[data-row="fill"]')));
  check(`${name} stamps times`, (await page.locator('time[datetime$="+09:00"]').count()) > 0);
  check(`${name} marks freshness`, (await page.locator('[data-freshness="fresh"]').count()) > 0);
  const title = language === 'ko' ? '체결 내역' : 'Fills';
  check(`${name} titles the fills`, (await textOf(page, '#panel-fills')).startsWith(title), await textOf(page, '#panel-fills'));
  const body = await page.evaluate(() => document.body.innerText);
  check(`${name} shows no raw key or hole`, !/\b(undefined|NaN|null|\[object)\b|\{\w+\}|\b(mode|order|panel|col)\.[a-z]\w+/.test(body));
  const address = await page.evaluate(() => location.href);
  const codes = page.locator('.chips [data-symbol]').filter({ hasText: /^\s*[0-9A-Z]{6}\s*$/ });
  await page.waitForFunction(() => [...document.querySelectorAll('.chips [data-symbol]')].every((chip) => chip.textContent?.trim() !== chip.getAttribute('data-symbol')), null, { timeout: WAIT_MS }).catch(() => undefined);
  check(`${name} names every symbol of the chart`, (await codes.count()) === 0);
  check(`${name} hides the token`, !address.includes('token'), 'token is still in the address');
}

async function look(browser, language, scheme) {
  for (const [width, height] of SIZES) {
    const name = `${language} ${scheme} ${width}px`;
    const { context, page, seen } = await open(browser, { language, scheme, width, height });
    await contents(page, name, language);
    const over = await sideways(page);
    check(`${name} has no sideways scroll`, over <= 0, `${over} px too wide`);
    // Two frames of the stream, so that pictures show live figures.
    await page.waitForTimeout(1_200);
    await page.screenshot({ path: join(out, `${language}-${scheme}-${width}.png`), fullPage: true });
    report(name, seen);
    await context.close();
  }
}

async function controls(browser) {
  const { context, page, seen } = await open(browser, { language: 'ko', scheme: 'light', width: 1366, height: 900 });
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
  await page.locator('dialog[open]').waitFor({ state: 'detached', timeout: 2_000 }).catch(() => undefined);
  check('escape closes the question', (await page.locator('dialog[open]').count()) === 0);
  if (process.env.WRITES === '1') await writes(page);
  report('controls', seen);
  await context.close();
}

async function writes(page) {
  const mode = await page.evaluate(() => document.documentElement.dataset.tradingMode);
  if (mode === 'live') return check('writes run on no live account', false);
  const sent = [];
  page.on('request', (request) => request.method() !== 'GET' && sent.push(request));
  await page.waitForSelector('[data-row="position"]', { timeout: WAIT_MS });
  const last = await page.evaluate(async () => (await (await fetch('/api/v1/positions')).json()).positions[0]);
  // Two leading digits are on the grid at any price, and this far below the last price nothing fills.
  const below = last.last_price * 0.9;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(below)) - 1);
  const price = Math.floor(below / step) * step;
  await page.fill('[data-field="symbol"]', last.symbol);
  await page.fill('[data-field="qty"]', '1');
  await page.fill('[data-field="price"]', String(price));
  await page.click('[data-action="submit-order"]');
  check('focus waits on the way back', await page.evaluate(() => document.activeElement?.closest('.acts') !== null && !document.activeElement?.matches('[data-action]')));
  await page.screenshot({ path: join(out, 'dialog-order.png') });
  const answer = page.waitForResponse((response) => response.request().method() === 'POST' && response.url().endsWith('/api/v1/orders'), { timeout: WAIT_MS });
  await page.dblclick('[data-action="confirm-order"]').catch(() => undefined);
  // The bots' orders come and go in the same list; ours is known by the answer.
  const mine = (await (await answer).json()).id;
  await page.waitForSelector(`[data-order="${mine}"]`, { timeout: WAIT_MS });
  const orders = sent.filter((request) => request.url().endsWith('/api/v1/orders'));
  check('a double click sends one order', orders.length === 1, `${orders.length} sent`);
  check('an order carries an idempotency key', Boolean(orders[0]?.headers()['idempotency-key']));
  await page.click(`[data-order="${mine}"] [data-action="cancel-order"]`);
  await page.waitForSelector(`[data-order="${mine}"]`, { state: 'detached', timeout: WAIT_MS });
  check('a cancelled order leaves the list', true);
  await page.click('[data-action="kill-switch"]');
  await page.click('[data-action="confirm-halt"]');
  await page.waitForSelector('[data-banner="halted"]', { timeout: WAIT_MS });
  check('halting turns order entry off', await page.locator('[data-action="submit-order"]').isDisabled());
  await page.screenshot({ path: join(out, 'halted.png') });
  await page.click('[data-action="kill-switch"]');
  await page.click('[data-action="confirm-resume"]');
  await page.waitForSelector('[data-banner="halted"]', { state: 'detached', timeout: WAIT_MS });
  check('resuming takes the banner away', true);
}

async function main() {
  await mkdir(out, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  // The demo's market day lasts a few minutes, and an order ends with its day: what writes comes first.
  const steps = [
    ['controls', () => controls(browser)],
    ['ko light', () => look(browser, 'ko', 'light')],
    ['en light', () => look(browser, 'en', 'light')],
    ['ko dark', () => look(browser, 'ko', 'dark')],
    ['en dark', () => look(browser, 'en', 'dark')],
  ];
  for (const [name, step] of steps) {
    await step().catch((error) => check(name, false, String(error).split('\n')[0]));
  }
  await browser.close();
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

await main();
