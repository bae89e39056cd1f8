// What the scenarios of the dashboard share.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export const password = 'walnut paper kite';
export const clear = '[role=alert]:not([hidden])';
let people = 0;

// 128 bytes, as much as there may be, and texts that want to be more than text
export const long = 'ä'.repeat(64);
export const hostile = [
  '<img src=x onerror="document.title=1">', `"'><script>document.title=1</script>`,
  '\u2069\u202Eevil\u202C & &lt;b&gt;', '👩‍👩‍👧 {n} {id}', '=1+1', long,
];


// Somebody new, who is signed in

export async function enter(k, part = '', o = {}) {
  const page = await k.open(null, o);
  const data = { email: `me${++people}.${process.pid}@example.com`, password };

  for (const path of ['register', 'login']) {
    const answer = await page.request.post(`${k.base}/auth/${path}`, { data });
    assert.ok(answer.ok(), `${path}: ${answer.status()}`);
  }
  page.email = data.email;
  await page.goto(`${k.base}/dashboard${part}`);
  await page.locator('#part *').first().waitFor();
  return page;
}

// The API by the page's own session

export const api = (page, method, path, body) => page.evaluate(async ([m, p, b]) =>
  (await import('/js/base.js')).api(m, p, b), [method, path, body]);

// A program elsewhere, with a key

export async function program(k, key, method, path, body, headers = {}) {
  const answer = await fetch(`${k.base}/api/${path}`, { method,
    headers: { 'x-api-key': key, 'Content-Type': 'application/json', ...headers },
    body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

export const dialog = page => page.getByRole('dialog');
export const press = (where, name) =>
  where.getByRole('button', { name, exact: true }).click();

export async function asked(page, name) {            // a dialog that has come
  await dialog(page).getByRole('heading', { name }).first().waitFor();
  assert.equal(await dialog(page).count(), 1);
}

export async function gone(page) {
  await page.locator('dialog').waitFor({ state: 'detached' });
}

export async function told(page, text) {
  await page.locator('#done', { hasText: text }).waitFor();
}

export async function manage(page, id, what) {
  const row = page.getByRole('row').filter({
    has: page.getByRole('cell', { name: id, exact: true }) });
  await press(row.first(), 'Manage');
  await asked(page, id);
  await press(dialog(page), what);
}

export async function validate(page, code, says, check = 'Check') {
  await dialog(page).locator('input[name=code]').fill(code);
  await press(dialog(page), check);
  await dialog(page).locator('[role=status],[role=alert]')
    .filter({ hasText: says }).waitFor();
}

export async function part(page, name) {
  await page.getByRole('link', { name, exact: true }).click();
  await page.locator('#head', { hasText: name }).waitFor();
}

export const secretIn = async page =>
  (await dialog(page).locator('code').innerText()).replaceAll(' ', '');

export async function kept(page, name) {
  const [download] = await Promise.all([page.waitForEvent('download'),
    press(page, name)]);
  return [download.suggestedFilename(),
    readFileSync(await download.path(), 'utf8')];
}

export const rows = page => page.locator('#part > div > .wide tbody tr');
export const cells = row => row.locator('td').allInnerTexts();
