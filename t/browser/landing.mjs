// The front page: readable at once, in two languages, with examples that carry
// its host.

import assert from 'node:assert/strict';

const names = ['curl', 'JavaScript', 'Python'];

const tab = (page, name, n = 0) => page.getByRole('tab', { name }).nth(n);

async function selected(page, name) {
  for (const e of await page.getByRole('tab').all()) {
    const own = (await e.textContent()) === name;
    assert.equal(await e.getAttribute('aria-selected'), String(own));
    assert.equal(await e.getAttribute('tabindex'), own ? '0' : '-1');
  }
  for (const [n, panel] of (await page.locator('pre').all()).entries()) {
    assert.equal(await panel.isVisible(), names[n % 3] === name, `${name}: ${n}`);
  }
}

export default {
  'the front page': async k => {
    const page = await k.open('/');

    await page.getByRole('tab').first().waitFor();
    assert.equal(await page.title(), 'Two-factor authentication inside nginx – Kanda');
    await k.looks(page, 'landing');

    const links = await page.locator('a').evaluateAll(all => all.map(a =>
      a.getAttribute('href')));
    for (const to of ['/reference', '/dashboard', '/sign-in', '/sign-in?new',
                      '/openapi.json']) {
      assert.ok(links.includes(to), to);
    }
  },

  'its examples carry its host': async k => {
    const page = await k.open('/');

    await page.getByRole('tab').first().waitFor();
    const texts = await page.locator('pre').allTextContents();
    assert.deepEqual(texts, k.given.examples.map(text =>
      text.replaceAll('https://your-host', k.base)));
  },

  'a mouse and a keyboard choose the language': async k => {
    const page = await k.open('/');

    await tab(page, 'curl').waitFor();
    await selected(page, 'curl');

    // all groups change, and what was clicked stays in its place
    const third = tab(page, 'JavaScript', 2);
    await third.scrollIntoViewIfNeeded();
    const before = await third.boundingBox();
    await third.click();
    await selected(page, 'JavaScript');
    const after = await third.boundingBox();
    assert.ok(Math.abs(before.y - after.y) < 2, `${before.y} ${after.y}`);

    for (const [key, name] of [['ArrowRight', 'Python'], ['ArrowRight', 'curl'],
      ['ArrowLeft', 'Python'], ['Home', 'curl'], ['End', 'Python'],
      ['ArrowLeft', 'JavaScript']]) {
      await page.keyboard.press(key);
      await selected(page, name);
      assert.equal(await page.evaluate(() => document.activeElement.textContent), name);
    }

    // from the tabs on to the button and to the example
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Copy');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.role), 'tabpanel');
  },

  'a keyboard skips to the content': async k => {
    const page = await k.open('/');

    await tab(page, 'curl').waitFor();
    await page.keyboard.press('Tab');
    assert.ok(await page.getByText('Skip to content').isVisible());
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent),
      'Open an account');
  },

  'a button copies what is shown': async k => {
    const page = await k.open('/', { permissions: ['clipboard-read', 'clipboard-write'] });

    await tab(page, 'Python').click();
    const button = page.getByRole('button', { name: 'Copy' }).nth(1);
    await button.click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
      await page.locator('pre:visible').nth(1).textContent());
  },

  'and says it once': async k => {
    const page = await k.open('/', { permissions: ['clipboard-write'] });
    const button = page.locator('.tabs > .row > button').first();
    const says = text => page.waitForFunction(([e, t]) => e.textContent === t,
      [button_, text]);

    await tab(page, 'curl').waitFor();
    const button_ = await button.elementHandle();
    await button.click();
    await says('Copied');
    await button.click();
    await says('Copy');
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error('no'));
    });
    await button.click();
    await says('The browser refused');
    await says('Copy');
  },

  'who has a session needs no way to one': async k => {
    const page = await k.open('/');
    const link = page.getByRole('link', { name: 'Sign in', exact: true });
    const data = { email: 'nav@example.com', password: 'walnut paper kite' };

    await tab(page, 'curl').waitFor();
    assert.equal(await link.count(), 1);
    await page.request.post(`${k.base}/auth/register`, { data });
    await page.request.post(`${k.base}/auth/login`, { data });
    await page.reload();
    await link.waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: 'Dashboard' }).waitFor();
  },

  'where there is no clipboard, there is no button': async k => {
    const page = await k.open();

    await page.addInitScript(() =>
      Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    await page.goto(k.base);
    await tab(page, 'curl').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Copy' }).count(), 0);
  },

  'without JavaScript it is all there': async k => {
    const page = await k.open('/', { javaScriptEnabled: false });

    assert.equal(await page.locator('pre:visible').count(), 12);
    assert.match(await page.locator('pre').first().textContent(), /https:\/\/your-host\/api/);
    assert.ok(await page.getByRole('heading', { name: 'Python' }).first().isVisible());
    assert.ok(await page.getByRole('link', { name: 'Dashboard' }).isVisible());
  },

  'it speaks German': async k => {
    const page = await k.open('/', { locale: 'de-AT', phone: true });

    await page.getByRole('heading', { name: 'Zwei-Faktor-Anmeldung direkt in nginx' }).waitFor();
    assert.equal(await page.getAttribute('html', 'lang'), 'de');
    assert.equal(await page.title(), 'Zwei-Faktor-Anmeldung direkt in nginx – Kanda');
    assert.equal(await page.getByRole('tablist').first().getAttribute('aria-label'),
      'Sprache der Beispiele');
    assert.ok(await page.getByRole('link', { name: 'Konto eröffnen' }).isVisible());
    assert.doesNotMatch(await page.innerText('body'), /\b(landing|nav)\./);
    assert.ok(await page.evaluate(() =>
      document.documentElement.scrollWidth <= window.innerWidth), 'no wider than a phone');
    await k.shot(page, 'landing-de');
  },
};
