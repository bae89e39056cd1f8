// The page to sign in of conf/protect-app.conf, as a person uses it in Chromium.
// Says in JSON where it led, and what the console had to say.
//
//   node protect.mjs '{"base":"https://127.0.0.1:1","chromium":...,"redis":...,
//                      "people":{"plain":{...},"strong":{"userId":...,
//                      "email":...,"password":...,"secret":...,"step":...}},
//                      "evil":[...]}'

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

const { chromium } = createRequire(process.env.DRIVER + '/')('playwright-core');
const o = JSON.parse(process.argv[2]);
const { plain, strong } = o.people;
const seen = { console: [] };


// A code that was not used yet: the next step's, if it has to be.

async function code() {
  const now = () => Math.floor(Date.now() / 30000);

  strong.step = Math.max(strong.step + 1, now());
  while (strong.step > now() + 1) {
    await new Promise((done) => setTimeout(done, 200));
  }

  return execFileSync('oathtool', ['--totp', '--base32', '--now',
    `@${strong.step * 30}`, strong.secret]).toString().trim();
}

// Makes the factor of a person's sessions a quarter of an hour old.

function age(who) {
  execFileSync('redis-cli', ['-s', o.redis, 'EVAL', `
    for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
      redis.call('HSET', key, 'f', ARGV[2])
    end`, '0', `kanda:{${who.userId}}:session:*`, `${Date.now() - 901000}`]);
}


async function visit(browser) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();

  // a refusal is an error to the console, and none to us
  page.on('console', (line) => {
    const url = line.location().url;
    if (line.type() === 'error' && !(/^Failed to load resource/
        .test(line.text()) && url.includes('/auth/'))) {
      seen.console.push(`${line.text()} ${url}`);
    }
  });
  page.on('pageerror', (error) => seen.console.push(String(error)));
  page.on('dialog', (dialog) => {
    seen.console.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });

  return { context, page };
}

async function password(page, who, given = who.password) {
  await page.fill('[name=email]', who.email);
  await page.fill('[name=password]', given);
  await page.click('#step button:not([type=button])');
}

async function type(page, text) {
  await page.fill('[name=code]', text);
  await page.click('#step button:not([type=button])');
}

const where = (page) => page.url().replace(o.base, '');
const said = async (page, pattern) => {
  const p = page.getByText(new RegExp(pattern));
  await p.waitFor();
  return p.textContent();
};
const arrives = async (page, path) => {
  await page.waitForURL(o.base + path);
  return (await page.textContent('body')).match(/^GET (\S+)/)?.[1];
};


// From a page behind the gate, with password and code, back to it; then by a
// code alone to where one is needed

async function person(browser) {
  const { context, page } = await visit(browser);
  const there = '/app/page?a=1&b=%2F%26+c';

  await page.goto(o.base + there);
  seen.sent = where(page);
  await page.waitForFunction(() => document.activeElement.name)
    .catch(() => {});
  seen.focus = await page.evaluate(() => document.activeElement.name);
  await password(page, strong, 'walnut paper kites');
  seen.wrong = await said(page, 'password is wrong');
  await password(page, strong);
  await page.waitForSelector('[name=code]');
  seen.hidden = !await page.isVisible('[name=password]');
  await type(page, 'abcdef');
  seen.noCode = await said(page, 'code is wrong');
  await type(page, await code());
  seen.landed = await arrives(page, there);
  seen.scripts = await page.evaluate(() => document.cookie
    .replace(/=[0-9a-f]{32}$/, ''));

  await page.goto(`${o.base}/app/admin/x`);
  seen.fresh = where(page);

  // a while later: the factor is old, and the access token is over
  age(strong);
  await context.clearCookies({ name: '__Host-accessToken' });
  await page.goto(`${o.base}/app/admin/x?y=1&z`);
  seen.step = where(page);
  await page.waitForSelector('[name=code]');
  await type(page, '000000');
  seen.stepWrong = await said(page, 'code is wrong');
  await type(page, await code());
  seen.stepped = await arrives(page, '/app/admin/x?y=1&z');

  // addresses that nobody has escaped
  await page.goto(`${o.base}/sign-in?next=/app/page?a=1&b=2`);
  await password(page, plain);
  seen.raw = await arrives(page, '/app/page?a=1&b=2');

}


// Somebody without a second factor, where one is needed

async function weak(browser) {
  const { page } = await visit(browser);

  await page.goto(`${o.base}/app/admin/x`);
  seen.first = where(page);
  await password(page, plain);
  await page.waitForURL(/need=otp/);
  seen.weak = await said(page, 'Scan this');
}


// Elsewhere

async function evil(browser) {
  const { context, page } = await visit(browser);
  let foreign;

  page.on('request', (request) => {
    if (!request.url().startsWith(`${o.base}/`)) {
      foreign.push(request.url());
    }
  });
  seen.evil = {};

  for (const next of o.evil) {
    foreign = seen.evil[next] = [];
    await context.clearCookies();
    await page.goto(`${o.base}/sign-in?next=${next}`);
    await password(page, plain);
    await page.waitForURL(`${o.base}/app/`);
  }
}


const browser = await chromium.launch({ executablePath: o.chromium,
  args: ['--no-sandbox', '--disable-gpu'] });

try {
  await person(browser);
  await weak(browser);
  await evil(browser);
} finally {
  await browser.close();
}

console.log(JSON.stringify(seen));
