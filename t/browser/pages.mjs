// Runs a scenario in Chromium and says in JSON how its steps went; see
// t/lib/Kanda/Browser.pm, which starts it.
//
//   node pages.mjs FILE       with {"base":...,"scenario":...,"chromium":...}
//
// A step fails by what it throws, and by what no page may ever do: an error on
// the console, an exception that nobody caught, a violation of the content
// security policy, a request to another host. A refusal of the service (4xx
// below /auth/ or /api/) is none of these, although Chromium calls it an error.
//
// A step is given k:
//   k.base, k.given      where nginx is; what the test hands over
//   k.open(path, o)      a page in a browser of its own. o: scheme 'dark' or
//                        'light', phone true, locale ('en-GB'), beside: a page
//                        with whom to share the browser, and what else
//                        playwright's newContext takes
//   k.axe(page, rules)   no violation of WCAG 2 A and AA, or of these rules
//   k.shot(page, name)   a picture, where pictures are wanted
//   k.looks(page, name)  both, in light and dark and on a phone, where nothing
//                        may be wider than the screen
//   k.totp(secret, step) the code of now, or so many steps from now
//   k.codes(secret)      a function that gives codes which were not used yet
//   k.decodeQr(page, selector)    what a QR code on the page says
//   k.allow(regex)       faults that this step provokes
//   k.say(text)          a line for when the step fails

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.env.DRIVER + '/');
const { chromium } = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const o = JSON.parse(readFileSync(process.argv[2]));

const patience = 5000;
const wide = { width: 1200, height: 800 };
const phone = { width: 360, height: 740 };
const wcag = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];


// What a page did that no page may do

function watch(context, faults) {
  context.on('request', request => {
    const url = new URL(request.url());

    if (url.origin !== o.base && !['data:', 'blob:'].includes(url.protocol)
        && !(o.given.origins ?? []).includes(url.origin)) {
      faults.push(`asked another host: ${url.href}`);
    }
  });

  context.on('console', message => {
    const from = message.location().url;

    if (message.type() === 'error'
        && !(/the server responded with a status of 4\d\d/.test(message.text())
             && /^\/(auth|api)\//.test(new URL(from || o.base).pathname))) {
      faults.push(`console: ${message.text()} (${from})`);
    }
  });

  context.on('weberror', error => faults.push(`page: ${error.error().stack}`));
}

async function policed(context, faults) {
  await context.exposeBinding('policeViolation', (_, text) => {
    faults.push(`policy: ${text}`);
  });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', e => {
      window.policeViolation(`${e.violatedDirective} ${e.blockedURI} `
        + `${e.sourceFile}:${e.lineNumber}`);
    });
  });
}


class Step {
  constructor(browser) {
    Object.assign(this, { browser, base: o.base, given: o.given });
    this.contexts = [];
    this.faults = [];
    this.allowed = [];
    this.said = [];
  }

  async open(path = null, { scheme = 'light', phone: small = false, beside,
                            locale = 'en-GB', ...rest } = {}) {
    let context = beside?.context();

    if (!context) {
      context = await this.browser.newContext({ locale, colorScheme: scheme,
        viewport: small ? phone : wide, ...rest });
      context.setDefaultTimeout(patience);
      this.contexts.push(context);
      watch(context, this.faults);
      await policed(context, this.faults);
    }

    const page = await context.newPage();
    if (path !== null) {
      await page.goto(this.base + path);
    }
    return page;
  }

  allow(pattern) {
    this.allowed.push(pattern);
  }

  say(text) {
    this.said.push(text);
  }

  async axe(page, rules = null) {
    const there = await page.evaluate('typeof axe');
    if (there === 'undefined') {
      await page.evaluate(axeSource);
    }

    const { violations } = await page.evaluate(only => window.axe.run(document,
      { runOnly: only, resultTypes: ['violations'], preload: false }),
      rules ?? wcag);

    assert.deepEqual(violations.flatMap(v => v.nodes.map(n =>
      `${v.id}: ${n.target} ${n.failureSummary}`)), [], 'axe');
  }

  async shot(page, name) {
    if (o.shots) {
      await page.screenshot({ path: `${o.shots}/${name}.png`, fullPage: true });
    }
  }

  async looks(page, name) {
    const before = page.viewportSize();

    await page.setViewportSize(wide);
    await page.emulateMedia({ colorScheme: 'light' });
    await this.axe(page);
    await this.shot(page, name);

    await page.emulateMedia({ colorScheme: 'dark' });
    await this.axe(page, ['color-contrast']);
    await this.shot(page, `${name}-dark`);

    await page.setViewportSize(phone);
    await page.emulateMedia({ colorScheme: 'light' });
    await this.axe(page);
    await this.shot(page, `${name}-phone`);
    assert.ok(await page.evaluate(() =>
      document.documentElement.scrollWidth <= window.innerWidth),
      'nothing is wider than a phone');

    await page.setViewportSize(before);
    await page.emulateMedia({ colorScheme: null });
  }

  totp(secret, step = 0) {
    const when = Math.floor(Date.now() / 1000) + 30 * step;

    return execFileSync('oathtool', ['--totp', '--base32', `--now=@${when}`,
      secret]).toString().trim();
  }

  // Three codes are good at a time: of the step before, this one and the next,
  // and none that is older than one that was used.

  codes(secret) {
    let last = 0;

    return async () => {
      const now = Date.now() / 1000;
      const step = Math.floor(now / 30);

      last = Math.max(last + 1, now % 30 < 20 ? step - 1 : step);
      if (last > step + 1) {
        await new Promise(done => setTimeout(done,
          1000 * (30 * (last - 1) - now) + 50));
      }
      return this.totp(secret, last - Math.floor(Date.now() / 30000));
    };
  }

  async decodeQr(page, selector) {
    const picture = await page.locator(selector).screenshot();

    return execFileSync('zbarimg', ['--quiet', '--raw', '-'],
      { input: picture, stdio: ['pipe', 'pipe', 'pipe'] }).toString().trim();
  }

  // Where its pages stand, for who has to find out why a step failed

  async pages(name) {
    const texts = [];

    for (const page of this.contexts.flatMap(c => c.pages())) {
      const text = await page.evaluate(() => document.body?.innerText)
        .catch(e => e.message);
      texts.push(`at ${page.url()}: ${text}`.slice(0, 600));
      await this.shot(page, `failed-${name.replace(/\W+/g, '-')}`)
        .catch(() => {});
    }
    return texts;
  }
}


async function run(browser, name, work) {
  const began = Date.now();
  const k = new Step(browser);
  const late = new Promise((_, no) =>
    setTimeout(no, 60000, new Error('the step took a minute')).unref());

  try {
    await Promise.race([work(k), late]);
  } catch (e) {
    k.faults.push(e.stack, ...k.said, ...await k.pages(name));
  }

  await Promise.all(k.contexts.map(c => c.close()));

  return {
    name, seconds: (Date.now() - began) / 1000,
    faults: k.faults.filter(f => !k.allowed.some(a => a.test(f))),
  };
}


const { default: steps } = await import(pathToFileURL(o.scenario));
const browser = await chromium.launch({ executablePath: o.chromium,
  args: ['--no-sandbox', '--disable-gpu'] });
const results = [];

try {
  for (const [name, work] of Object.entries(steps)) {
    if (!o.only || new RegExp(o.only).test(name)) {
      results.push(await run(browser, name, work));
    }
  }
} finally {
  await browser.close();
}

console.log(JSON.stringify(results));
