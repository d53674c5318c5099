// What the checks and the pictures share: one browser, and a page that is watched for everything that must stay silent.

import { chromium } from 'playwright-core';

export const base = process.env.BASE_URL ?? 'http://127.0.0.1:8787';
export const token = process.env.TOKEN ?? '';
export const WAIT_MS = Number(process.env.WAIT_MS ?? 20_000);
const host = new URL(base).host;

/** Every page, with an address that shows something. */
export const PAGES = [
  ['home', '/'],
  ['bots', '/bots'],
  ['portfolio', '/portfolio'],
  ['orders', '/orders'],
  ['chart', '/chart'],
  ['lab', '/lab'],
  ['jobs', '/jobs'],
  ['alerts', '/alerts'],
  ['assistant', '/assistant'],
  ['settings', '/settings'],
];

/** Parts that a server may run without: their pages say that they are off, so these answers are no failure. */
const OPTIONAL =
  /^\/(agent_chat|api\/v1\/(accounts|approvals|backups|bots|data|demo|indicator|jobs|llm|simulations|strategies|quotes)(\/|$))/;
const isOff = (status, url) => (status === 404 || status === 503) && OPTIONAL.test(new URL(url).pathname);

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** Everything that must stay silent: console errors, failed or refused requests, other hosts. */
export function watch(page) {
  const seen = { errors: [], failed: [], foreign: [] };
  const off = new Set();
  page.on('response', (response) => {
    if (isOff(response.status(), response.url())) off.add(response.url());
    else if (response.status() >= 400) seen.failed.push(`${response.status()} ${response.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const { url } = message.location();
    if (!(/status of (404|503)/.test(message.text()) && url && OPTIONAL.test(new URL(url).pathname))) seen.errors.push(message.text());
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
  return seen;
}

/** A tab of its own in a zone that is not Korea's, where Korean time must be right all the same. */
export async function tab(browser, { language, scheme, width, height }) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    timezoneId: 'America/New_York',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  return { context, page, seen: watch(page) };
}

export const address = (path, language) => `${base}${path}?lang=${language}${token ? `#token=${token}` : ''}`;

export const ready = (page, name) =>
  page.waitForSelector(`main[data-page="${name}"][data-ready="true"]`, { timeout: WAIT_MS });

export const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
