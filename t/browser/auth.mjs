// What the login router is to a browser: the snippets of its documentation, as
// they are printed, in the pages of one Chromium. Says what it saw in JSON.
//
//   node auth.mjs '{"http":"http://127.0.0.1:1","https":...,"far":...,
//                   "near":...,"snippets":[...],"email":...,"password":...}'

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

const { chromium } = createRequire(process.env.DRIVER + '/')('playwright-core');
const o = JSON.parse(process.argv[2]);
const [setup, confirm, login, verify] = o.snippets;
const seen = {};

const oathtool = (secret, when) => execFileSync('oathtool',
  ['--totp', '--base32', '--now', when, secret]).toString().trim();

// A snippet as a function of its page: what it needs is there, and what it
// declared comes back.

const run = (page, text, given, wanted) => page.evaluate(
  `(async ({ ${Object.keys(given)} }) => {\n${text}\nreturn { ${wanted} };\n})`
  + `(${JSON.stringify(given)})`);

const ask = (page, method, path, body, headers) => page.evaluate(
  async ([method, path, body, headers]) => {
    const r = await fetch(path, { method, credentials: 'include', headers:
      { 'Content-Type': 'application/json', ...headers },
      body: body && JSON.stringify(body) });
    return { status: r.status, body: await r.json() };
  }, [method, path, body, headers]);

const cookies = async (context) => Object.fromEntries(
  (await context.cookies()).map(({ name, path, httpOnly, secure, sameSite }) =>
    [name, { path, httpOnly, secure, sameSite }]));


// The whole of the documentation, from the first snippet to the last

async function story(browser, base, name) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const { password } = o;
  const email = `${name}.${o.email}`;
  const said = seen[name] = {};

  await page.goto(`${base}/page.html`);
  await ask(page, 'POST', '/auth/register', { email, password });
  said.first = await ask(page, 'POST', '/auth/login', { email, password });
  said.cookies = await cookies(context);
  said.scripts = await page.evaluate(() => document.cookie);

  const made = await run(page, setup, {}, 'secret, otpauthUrl, qrCode');
  said.setup = Object.keys(made);
  said.secret = made.secret;
  said.shown = await page.evaluate(async (src) => {
    const img = document.body.appendChild(new Image());
    img.src = src;
    await img.decode();
    return img.naturalWidth;
  }, made.qrCode);

  await run(page, confirm.replace('123456',
    oathtool(made.secret, '30 seconds ago')), { secret: made.secret }, '');
  said.me = await ask(page, 'GET', '/auth/me');
  said.out = await ask(page, 'POST', '/auth/logout');
  said.after = await cookies(context);
  said.closed = await ask(page, 'GET', '/auth/me');

  const inner = 'tempToken, available2faMethods';
  const asked = await run(page,
    login.replace('// Show the TOTP input to the user',
                  'globalThis.shown = { tempToken, available2faMethods };'),
    { email, password }, 'loginRes, ...globalThis.shown');
  said.challenge = { ...asked, tempToken: typeof asked.tempToken };
  delete said.challenge.loginRes;
  said.halfway = await cookies(context);

  await run(page, verify.replace('123456', oathtool(made.secret, 'now')),
    { tempToken: asked.tempToken }, '');
  said.inside = await ask(page, 'GET', '/auth/me');
  said.other = await cookies(context);

  // two tabs refresh at once, and both go on
  const tab = await context.newPage();
  await tab.goto(`${base}/page.html`);
  said.tabs = await Promise.all([page, tab].map((p) =>
    ask(p, 'POST', '/auth/refresh')));
  said.still = await Promise.all([page, tab].map((p) =>
    ask(p, 'GET', '/auth/me')));

  return { context, page };
}


// A page of another site makes the browser send what it can

async function forged(context, base) {
  const page = await context.newPage();

  await page.goto(`${o.far}/page.html`);
  await page.evaluate((to) => {
    const form = document.body.appendChild(document.createElement('form'));
    form.method = 'POST';
    form.action = to;
    form.submit();
  }, `${base}/auth/2fa/disable`);
  await page.waitForURL(`${base}/auth/2fa/disable`);
  seen.form = await page.evaluate(() => document.body.innerText);

  await page.goto(`${o.far}/page.html`);
  seen.fetch = await page.evaluate(async (to) => {
    try {
      return (await fetch(to, { method: 'POST', credentials: 'include',
        headers: { 'Content-Type': 'application/json' } })).status;
    } catch (e) {
      return 'refused';
    }
  }, `${base}/auth/2fa/disable`);

  // one of the same site, with which SameSite=Lax lets cookies go
  await page.goto(`${o.near}/page.html`);
  seen.near = await page.evaluate(async (to) => {
    try {
      await fetch(to, { method: 'POST', mode: 'no-cors',
        credentials: 'include' });
      return 'sent';
    } catch (e) {
      return 'refused';
    }
  }, `${base}/auth/2fa/disable`);
}


// With kanda_csrf on, a page says what the cookie says

async function guarded(browser, base) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const who = { email: `guarded.${o.email}`, password: o.password };

  await page.goto(`${base}/page.html`);
  await ask(page, 'POST', '/guarded/register', who);
  await ask(page, 'POST', '/guarded/login', who);

  const headers = await page.evaluate(() => ({ 'X-CSRF-Token':
    document.cookie.match(/csrf-token=([0-9a-f]{32})/)[1] }));

  seen.without = await ask(page, 'POST', '/guarded/2fa/setup');
  seen.with = (await ask(page, 'POST', '/guarded/2fa/setup', null, headers))
    .status;
  seen.api = await ask(page, 'GET', '/api/auth/me', null, headers);
  seen.bare = (await ask(page, 'GET', '/api/auth/me')).status;
}


const browser = await chromium.launch({ executablePath: o.chromium,
  args: ['--no-sandbox', '--disable-gpu'] });

try {
  const plain = await story(browser, o.http, 'http');
  await forged(plain.context, o.http);
  seen.unharmed = await ask(plain.page, 'GET', '/auth/me');
  await story(browser, o.https, 'https');
  await guarded(browser, o.https);
} finally {
  await browser.close();
}

console.log(JSON.stringify(seen));
