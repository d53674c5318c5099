// Orders, cancels, halts and resumes as a person does; the demo's own bots trade meanwhile.

import { join } from 'node:path';
import { check } from './checks.mjs';
import { ready, WAIT_MS } from './harness.mjs';

/** A price on the grid so far below the last one that nothing fills. */
function farBelow(last) {
  const below = last * 0.9;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(below)) - 1);
  return Math.floor(below / step) * step;
}

export async function writes(page, out) {
  const mode = await page.evaluate(() => document.documentElement.dataset.tradingMode);
  if (mode === 'live') return check('writes run on no live account', false);
  const sent = [];
  page.on('request', (request) => request.method() !== 'GET' && sent.push(request));
  await page.waitForSelector('[data-row="position"]', { timeout: WAIT_MS });
  const last = await page.evaluate(async () => (await (await fetch('/api/v1/positions')).json()).positions[0]);
  await page.click('[data-nav="orders"]');
  await ready(page, 'orders');
  await page.fill('[data-field="symbol"]', last.symbol);
  await page.fill('[data-field="qty"]', '1');
  await page.fill('[data-field="price"]', String(farBelow(last.last_price)));
  await page.click('[data-action="submit-order"]', { timeout: WAIT_MS });
  check('focus waits on the way back', await page.evaluate(() => document.activeElement?.closest('.acts') !== null && !document.activeElement?.matches('[data-action]')));
  await page.screenshot({ path: join(out, 'dialog-order.png') });
  const answer = page.waitForResponse((response) => response.request().method() === 'POST' && response.url().endsWith('/api/v1/orders'), { timeout: WAIT_MS });
  await page.dblclick('[data-action="confirm-order"]').catch(() => undefined);
  // The bots' orders come and go in the same list; ours is known by the answer.
  const mine = (await (await answer).json()).id;
  await page.waitForSelector(`[data-row="order"][data-order="${mine}"]`, { timeout: WAIT_MS });
  const orders = sent.filter((request) => request.url().endsWith('/api/v1/orders'));
  check('a double click sends one order', orders.length === 1, `${orders.length} sent`);
  check('an order carries an idempotency key', Boolean(orders[0]?.headers()['idempotency-key']));
  await page.click(`[data-row="order"][data-order="${mine}"] [data-action="cancel-order"]`, { timeout: WAIT_MS });
  await page.waitForSelector(`[data-row="order"][data-order="${mine}"]`, { state: 'detached', timeout: WAIT_MS });
  check('a cancelled order leaves the open ones', true);
  await page.waitForSelector(`[data-row="ended-order"][data-order="${mine}"]`, { timeout: WAIT_MS });
  check('and joins the ended ones', true);
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
