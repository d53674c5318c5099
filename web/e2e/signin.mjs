// The first user, signing out and in again, as a person does; from then on strangers see nothing.

import { join } from 'node:path';
import { check, quiet } from './checks.mjs';
import { address, base, ready, tab, WAIT_MS } from './harness.mjs';

const USER = 'operator';
const PASSWORD = 'a password for checks';

async function fill(page, form, fields) {
  for (const [field, value] of Object.entries(fields)) await page.fill(`[data-form="${form}"] [data-field="${field}"]`, value);
}

export async function signIn(browser, code, out) {
  const { context, page, seen } = await tab(browser, { language: 'ko', scheme: 'light', width: 1366, height: 900 });
  await page.goto(`${base}/settings?lang=ko`, { waitUntil: 'domcontentloaded' });
  await ready(page, 'settings');
  await page.waitForSelector('[data-form="setup"]', { timeout: WAIT_MS });
  check('without rights the kill switch says how to get some', await blocked(page));
  await fill(page, 'setup', { code, user: USER, password: PASSWORD, 'password-again': PASSWORD });
  await page.screenshot({ path: join(out, 'setup.png') });
  await page.click('[data-action="setup"]');
  await page.waitForSelector('[data-action="logout"]', { timeout: WAIT_MS });
  check('the code makes the first user and signs in', true);
  check('scripts see no cookie', (await page.evaluate(() => document.cookie)) === '');
  await page.click('[data-action="kill-switch"]');
  await page.click('[data-action="confirm-halt"]');
  await page.waitForSelector('[data-banner="halted"]', { timeout: WAIT_MS });
  await page.click('[data-action="kill-switch"]');
  await page.click('[data-action="confirm-resume"]');
  await page.waitForSelector('[data-banner="halted"]', { state: 'detached', timeout: WAIT_MS });
  check('a session may halt and resume', true);
  await page.reload({ waitUntil: 'domcontentloaded' });
  await ready(page, 'settings');
  check('a reload keeps the session', (await page.locator('[data-action="logout"]').count()) === 1);
  quiet('set-up', seen);

  await page.click('[data-action="logout"]');
  await page.waitForSelector('[data-form="login"]', { timeout: WAIT_MS });
  check('signing out leaves nothing of the account', !/\d,\d{3}/.test(await page.evaluate(() => document.body.innerText)));
  await page.screenshot({ path: join(out, 'sign-in.png') });
  await page.goto(address('/orders', 'ko').replace(/#.*/, ''), { waitUntil: 'domcontentloaded' });
  await page.waitForSelector('[data-form="login"]', { timeout: WAIT_MS });
  check('a deep link asks to sign in', true);
  // What was under way when the session ended is refused, and rightly.
  seen.failed = seen.failed.filter((line) => !line.startsWith('401 '));
  seen.errors = seen.errors.filter((line) => !/status of 401/.test(line));
  quiet('signed out', seen);
  await fill(page, 'login', { user: USER, password: 'not the password' });
  await page.click('[data-action="login"]');
  await page.waitForSelector('[data-form="login"] [role="alert"]', { timeout: WAIT_MS });
  check('a wrong password is refused in words', true);
  // The refusal is an answer of 401, which the console reports too.
  for (const list of Object.values(seen)) list.length = 0;
  await fill(page, 'login', { user: USER, password: PASSWORD });
  await page.click('[data-action="login"]');
  await ready(page, 'orders');
  check('and the right one leads to the page that was asked for', new URL(page.url()).pathname === '/orders');
  quiet('signed in', seen);
  await context.close();

  const program = await tab(browser, { language: 'en', scheme: 'light', width: 1366, height: 900 });
  await program.page.goto(address('/', 'en'), { waitUntil: 'domcontentloaded' });
  await ready(program.page, 'home');
  check('the address with the token still opens everything', (await program.page.locator('[data-figure="equity"]').count()) === 1);
  quiet('opened by token', program.seen);
  await program.context.close();
}

async function blocked(page) {
  await page.click('[data-action="kill-switch"]');
  const said = await page.locator('dialog[open] .problem').isVisible();
  await page.keyboard.press('Escape');
  return said;
}
