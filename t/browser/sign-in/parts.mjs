// What the scenarios of /sign-in share.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';

export const password = 'correct horse battery staple';
let number = 0;
export const someone = () =>
  `someone${++number}.${process.pid}@example.com`;


// Accounts by the API, from a page's own browser

export const ask = (page, path, data, headers) => page.request.post(
  `${new URL(page.url()).origin}/auth/${path}`, { data, headers });

export async function answer(page, path, data, headers) {
  const said = await ask(page, path, data, headers);
  assert.ok(said.ok(), `${path}: ${said.status()} ${await said.text()}`);
  return said.json();
}

export async function account(k, page, { factor = false } = {}) {
  const email = someone();
  await answer(page, 'register', { email, password });

  if (!factor) {
    return { email };
  }

  // elsewhere, so that this browser has no session
  const other = await k.open('/inside');
  await answer(other, 'login', { email, password });
  const csrf = (await other.context().cookies())
    .find(c => c.name === 'csrf-token').value;
  const send = (path, data) => answer(other, path, data,
    { 'X-CSRF-Token': csrf });
  const { secret } = await send('2fa/setup');
  const code = k.codes(secret);
  await send('2fa/verify-setup', { secret, token: await code() });
  const { recoveryCodes } = await send('2fa/recovery-codes');
  await other.context().close();

  return { email, secret, code, recoveryCodes };
}


// What whoever runs the server has done, by the socket that is theirs

export const administer = (k, path, data) => new Promise((done, fail) => {
  const call = request({ socketPath: k.given.admin, method: 'POST',
    path: `/admin/${path}`, headers: { 'Content-Type': 'application/json' },
  }, async answer => done(JSON.parse(
    Buffer.concat(await answer.toArray()).toString())));

  call.on('error', fail).end(data && JSON.stringify(data));
});


// What a person sees and does

export const heading = (page, name, level = 1) =>
  page.getByRole('heading', { name, level, exact: true }).waitFor();
export const press = (page, name) =>
  page.getByRole('button', { name, exact: true }).click();
export const type = (page, label, text) =>
  page.getByLabel(label, { exact: true }).fill(text);
export const alerted = (page, pattern) =>
  page.getByRole('alert').filter({ hasText: pattern }).waitFor();
export const told = (page, pattern) =>
  page.getByRole('status').filter({ hasText: pattern }).waitFor();
export const at = (page, path) => page.waitForURL(new URL(path, page.url()).href);

export const focused = page => page.evaluate(() => {
  const e = document.activeElement;
  return e.id || `${e.localName}: ${e.textContent}`;
});

export async function signIn(page, email, secret = password) {
  await heading(page, 'Sign in');
  await type(page, 'Email', email);
  await type(page, 'Password', secret);
  await press(page, 'Sign in');
}

export async function prove(page, code) {
  await heading(page, 'Second factor');
  await type(page, 'Code from your authenticator app', code);
  await press(page, 'Continue');
}

// Through the enrolment; what it shows is looked at.

export async function enrol(k, page, { name = null, codes = true } = {}) {
  await heading(page, 'Add it to your app', 2);
  assert.equal(await focused(page), 'h2: Add it to your app');

  const uri = new URL(await k.decodeQr(page, 'img.qr'));
  const secret = uri.searchParams.get('secret');
  const shown = await page.locator('code').textContent();
  assert.match(shown, /^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/, 'in groups of four');
  assert.equal(shown.replaceAll(' ', ''), secret, 'the same as in the picture');
  assert.equal(await page.getByRole('link', { name: /this device/ })
    .getAttribute('href'), uri.href);
  if (name) {
    await k.looks(page, `${name}-enrol`);
  }

  const code = k.codes(secret);
  await type(page, 'Code that the app shows', '000000');
  await press(page, 'Turn on');
  await alerted(page, /wrong or was used before/);
  await type(page, 'Code that the app shows', await code());
  await press(page, 'Turn on');

  if (!codes) {
    return { uri, secret, code };
  }

  const recoveryCodes = await keep(page);
  if (name) {
    await k.looks(page, `${name}-codes`);
  }
  await press(page, 'I have kept them');
  return { uri, secret, code, recoveryCodes };
}

export async function keep(page) {
  await heading(page, 'Your recovery codes', 2);
  assert.equal(await focused(page), 'h2: Your recovery codes');

  const text = await page.locator('pre').textContent();
  const codes = text.split('\n');
  assert.equal(codes.length, 10);
  assert.ok(codes.every(c => /^\w{5}-\w{5}$/.test(c)), text);

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await press(page, 'Copy');
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), text);

  const [file] = await Promise.all([page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download' }).click()]);
  assert.equal(file.suggestedFilename(), 'recovery-codes.txt');
  assert.equal(readFileSync(await file.path(), 'utf8'), `${text}\n`);

  return codes;
}

export const me = page => page.evaluate(async () =>
  (await fetch('/auth/me')).json());


// A quarter of an hour goes by for the factor that this account's sessions have
// shown.

export function grow(k, id) {
  execFileSync('redis-cli', ['-s', k.given.redis, 'EVAL', `
    for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
      redis.call('HSET', key, 'f', ARGV[2])
    end`, '0', `kanda:{${id}}:session:*`, `${Date.now() - 901000}`]);
}


// Where each next leads; whoever is tricked leaves this origin.

export const home = '/dashboard';
export const nexts = {
  '': home, '/inside': '/inside', '%2Finside%3Fa%3D1%26b%3D%252F': null,
  '/inside?a=1&b=2': '/inside?a=1&b=2', '%2Finside%23there': '/inside#there',
  '//evil.example': home, '%2F%2Fevil.example': home,
  '%252F%252Fevil.example': home, '///evil.example': home,
  'https://evil.example': home, 'https:evil.example': home,
  'https%3A%2F%2Fevil.example%2Finside': home, '/\\evil.example': home,
  '%2F%5Cevil.example': home, '\\\\evil.example': home,
  '%5C%2Fevil.example': home, 'javascript:alert(1)': home,
  'javascript%3Aalert(1)': home, 'java%0Ascript%3Aalert(1)': home,
  '/%09/evil.example': home, '%2F%09%2Fevil.example': home,
  '/%0A/evil.example': home, '/%0D%5Cevil.example': home,
  '/%09%5Cevil.example': home, '%09//evil.example': home,
  '%20https://evil.example': home, '%00//evil.example': home,
  '//evil.example?x': home, '/\\evil.example?x': home,
  '/%09/evil.example?x=1&y': '/%09/evil.example?x=1&y',
  'data:text/html,x': home, 'inside': home, '@evil.example': home,
  'blob:https://evil.example/x': home, '//evil.example%2F..': home,
  '//127.0.0.1:1/inside': home, '/&next=//evil.example': '/',
  '/%09/[': home, '//[': home, '/inside?a=1&new&need=otp': '/inside?a=1&new&need=otp',
};
nexts['%2Finside%3Fa%3D1%26b%3D%252F'] = '/inside?a=1&b=%2F';


// Signs in as fast as it goes

export async function arrive(page) {
  await page.locator('#step p').waitFor({ state: 'attached' });
  await page.evaluate(() => {
    const form = document.getElementById('step');
    form.elements.email.value = form.elements.password.value = 'x';
    form.requestSubmit();
  });
  await page.waitForURL(url => url.pathname !== '/sign-in');
  return page.url();
}

export async function signInGerman(page, email) {
  await type(page, 'E-Mail', email);
  await type(page, 'Passwort', password);
  await press(page, 'Anmelden');
}
