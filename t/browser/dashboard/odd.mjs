// The dashboard of people and browsers that are unlike the others, and what
// somebody hostile leaves there.

import assert from 'node:assert/strict';
import {
  password, clear, hostile, enter, api, dialog, press, asked, gone, told,
  manage, validate, part, rows
} from './parts.mjs';

export default {
  'a dialog that is left behind': async k => {
    const page = await enter(k);
    const said = page.locator('#said');
    const cut = (pattern, json) => page.route(pattern, route => route.fulfill({
      status: 503, json: json ?? { error: 'x', code: 'UNAVAILABLE' } }));

    // Back, with a set-up open: the part that is there stays
    k.allow(/status of 503/);
    await part(page, 'Security');
    await press(page, 'Turn on');
    await dialog(page).locator('img').waitFor();
    await page.goBack();
    await gone(page);
    await page.locator('#head', { hasText: 'Clients' }).waitFor();
    await page.waitForTimeout(300);
    assert.equal(await page.getByText('Second factor').count(), 0);
    await page.getByText('No clients here').waitFor();

    // what fails after a dialog has gone is told in the page
    await part(page, 'Security');
    await page.getByText('1–1 of 1').waitFor();
    await press(page, 'Turn on');
    await dialog(page).locator('img').waitFor();
    await cut('**/auth/me');
    await press(dialog(page), 'Close');
    await said.getByText('cannot decide').waitFor();
    await page.unroute('**/auth/me');
    await cut('**/auth/2fa/disable');
    await page.route('**/auth/me', async route => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...await response.json(),
        isTotpEnabled: true } });
    });
    await page.reload();
    await press(page, 'Turn off');
    await press(dialog(page), 'Turn off');
    await gone(page);
    await said.getByText('cannot decide').waitFor();
  },

  'hostile texts': async k => {
    const page = await enter(k, '', { userAgent: hostile[0] });
    await page.evaluate(async texts => {
      const { api } = await import('/js/base.js');
      for (const text of texts) {
        await api('POST', 'totp/register', { clientId: text, label: text,
          issuer: text.replaceAll(':', '') });
        await api('POST', 'apikeys', { name: text });
      }
    }, hostile);

    await page.reload();
    await page.getByText('1–6 of 6').waitFor();
    const texts = [...hostile].reverse();
    for (const [i, text] of texts.entries()) {
      const cell = rows(page).nth(i).locator('td');
      assert.deepEqual(await cell.evaluateAll(l => l.slice(1, 4).map(e =>
        e.textContent)), [text, text, text]);
      await manage(page, text, 'Delete');
      const sentence = await dialog(page).locator('p').first().textContent();
      const harmless = text.replace(/[\u202A-\u202E\u2066-\u2069]/g, '');
      assert.equal(sentence, `Delete \u2068${harmless}\u2069 for ever?`);
      await press(dialog(page), 'Cancel');
      await gone(page);
    }
    await k.looks(page, 'dashboard-hostile');

    await part(page, 'API keys');
    await page.getByText('1–6 of 6').waitFor();
    const names = await rows(page).locator('td:first-child')
      .evaluateAll(l => l.map(e => e.textContent));
    assert.deepEqual(names.sort(), [...hostile].sort());

    await part(page, 'Access log');
    await rows(page).first().getByText(hostile[0]).first().waitFor();
    const ids = await rows(page).locator('td:nth-child(4)')
      .evaluateAll(l => l.map(e => e.textContent));
    assert.deepEqual(ids.filter(i => i !== '–'), texts);
    await k.axe(page);

    await part(page, 'Security');
    await page.getByRole('cell', { name: hostile[0] }).waitFor();

    assert.equal(await page.locator('main img, main script').count(), 0);
    assert.equal(await page.title(), 'Security – Kanda');
  },

  'links, the back button and the keyboard': async k => {
    const page = await enter(k);
    const head = page.locator('#head');
    const current = () => page.locator('[aria-current=page]').allInnerTexts();
    const focus = () => page.evaluate(() => document.activeElement.id);

    assert.deepEqual(await current(), ['Clients']);
    for (const [name, hash] of [['API keys', 'keys'], ['Access log', 'log'],
      ['Security', 'security']]) {
      await page.getByRole('link', { name }).press('Enter');
      await head.getByText(name).waitFor();
      assert.deepEqual([await current(), await focus(), await page.title(),
        new URL(page.url()).hash], [[name], 'head', `${name} – Kanda`,
        `#${hash}`]);
    }
    await page.goBack();
    await head.getByText('Access log').waitFor();
    await page.reload();
    await head.getByText('Access log').waitFor();
    await page.goBack();
    await head.getByText('API keys').waitFor();
    assert.equal(await focus(), 'head');
    await page.goto(`${k.base}/dashboard#nothing`);
    for (const name of ['constructor', '__proto__']) {
      await page.goto(`${k.base}/?`);
      await page.goto(`${k.base}/dashboard#${name}`);
      await head.getByText('Clients').waitFor();
      await page.getByText('No clients here').waitFor();
    }
    await page.goto(`${k.base}/dashboard#clients`);
    await head.getByText('Clients').waitFor();

    // past the navigation, without losing the part
    await page.goto(`${k.base}/dashboard#keys`);
    await page.reload();
    await head.getByText('API keys').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await focus(), 'main');
    assert.equal(await head.innerText(), 'API keys');

    // a client, by the keyboard alone
    await page.goto(`${k.base}/dashboard#clients`);
    await head.getByText('Clients').waitFor();
    await page.waitForFunction(() => document.activeElement.id === 'head');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await asked(page, 'Register a client');
    await page.keyboard.type('typed');
    await page.keyboard.press('Enter');
    await asked(page, 'typed');
    for (let i = 0; i < 3; i++) {           // it may be shown but once
      await page.keyboard.press('Escape');
    }
    await asked(page, 'typed');
    await press(dialog(page), 'Close');
    await gone(page);
    for (let i = 0; i < 3; i++) {
      await page.keyboard.press('Tab');     // search, the table, its button
    }
    await page.keyboard.press('Enter');
    await asked(page, 'typed');
    assert.ok(await page.evaluate(() =>
      document.querySelector('dialog').contains(document.activeElement)));
    await page.keyboard.press('Escape');
    await gone(page);
    assert.equal(await page.evaluate(() => document.activeElement.textContent),
      'Manage', 'back where it was');
  },

  'in German': async k => {
    const page = await enter(k, '', { locale: 'de-AT', phone: true });
    const keys = async lang => Object.keys(await (await page.request.get(
      `${k.base}/lang/${lang}.json`)).json());
    assert.deepEqual((await keys('de')).sort(), (await keys('en')).sort());
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
    await page.getByText('Hier sind keine Clients').waitFor();

    const bare = async () => assert.doesNotMatch(await page.locator('body')
      .innerText(), /dash\.|error\./, 'every text has its translation');
    const fits = async () => assert.ok(await page.evaluate(() =>
      document.documentElement.scrollWidth <= innerWidth), 'it fits');

    await press(page, 'Client registrieren');
    await dialog(page).getByText('Weitere Angaben').click();
    await bare();
    await fits();
    await dialog(page).getByLabel('Client-ID').fill('a');
    await dialog(page).getByLabel('Ziffern').fill('0');
    await press(dialog(page), 'Client registrieren');
    await dialog(page).locator('[role=alert][lang=en]').getByText(/^digits/)
      .waitFor();
    await dialog(page).getByLabel('Ziffern').fill('');
    await press(dialog(page), 'Client registrieren');
    await dialog(page).locator('img').waitFor();
    await bare();
    await press(dialog(page), 'Code probieren');
    await validate(page, '000000', 'Falsch.', 'Prüfen');
    await bare();
    await press(dialog(page), 'Schließen');
    await gone(page);
    await press(page, 'Verwalten');
    await k.shot(page, 'dashboard-manage-german');
    await bare();
    await fits();
    await k.axe(page);
    await page.keyboard.press('Escape');

    for (const [name, hash] of [['API-Schlüssel', 'keys'],
      ['Zugriffsprotokoll', 'log'], ['Sicherheit', 'security']]) {
      await page.goto(`${k.base}/dashboard#${hash}`);
      await page.locator('#head', { hasText: name }).waitFor();
      await page.locator('#part p.hint').first().waitFor();
      await page.waitForLoadState('networkidle');
      await bare();
      await fits();
      await k.axe(page);
    }
  },

  'odd browsers': async k => {
    const page = await enter(k);

    // a locale that is none
    await page.addInitScript(() => Object.defineProperty(navigator, 'languages',
      { value: ['en-US@posix', 'en'] }));
    await page.goto(`${k.base}/dashboard#security`);
    await page.reload();
    await page.getByText('1–1 of 1').waitFor();

    // cookies that somebody planted, and which come first
    const header = () => page.evaluate(async () =>
      (await import('/js/base.js')).csrf()['X-CSRF-Token']);
    const own = await header();
    const plant = value => page.evaluate(v => {
      document.cookie = `csrf-token=${v}; path=/dashboard`;
    }, value);
    for (const value of ['AF'.repeat(16), 'x', 'af'.repeat(16)]) {
      await plant(value);
      assert.equal(await header(), own);
      await press(page, 'Change the password');
      await dialog(page).getByLabel('Password', { exact: true }).fill('not this');
      await dialog(page).getByLabel('New password').fill('paper walnut kite');
      await press(dialog(page), 'Change the password');
      await dialog(page).locator(clear).getByText('is wrong').waitFor();
      await press(dialog(page), 'Cancel');
      await gone(page);
    }
  },

  'when the service is away': async k => {
    const page = await enter(k);
    await api(page, 'POST', 'totp/register', { clientId: 'c' });
    await page.reload();
    await page.getByRole('button', { name: 'Manage' }).waitFor();

    k.allow(/Failed to load resource: net::ERR_FAILED/);
    k.allow(/status of 503/);
    await page.route('**/api/**', route => route.abort());
    await press(page, 'Manage');
    await press(dialog(page), 'Unlock');
    await press(dialog(page), 'Unlock');
    await dialog(page).locator(clear).getByText('cannot be reached').waitFor();
    await press(dialog(page), 'Cancel');
    await page.getByLabel('Search').fill('c');
    await page.locator('#said').getByText('cannot be reached').waitFor();
    await page.unroute('**/api/**');
    await page.getByLabel('Search').fill('cc');
    await page.getByText('No clients here').waitFor();
    assert.ok(await page.locator('#said').isHidden(), 'and it is forgotten');

    // what others than the service say
    k.allow(/status of (502|429|400)/);
    const body = '<html>';
    for (const [answer, says] of [
      [{ status: 429, body, headers: { 'Retry-After': 'Wed, 21 Oct 2065 07:28:00 GMT' } },
        'Too many tries. Wait a minute.'],
      [{ status: 502, body }, 'The service cannot decide this right now. Try again in a moment.'],
      [{ status: 400, json: { code: 7, detail: 'seven' } }, 'seven']]) {
      await page.getByLabel('Search').fill('');
      await page.route('**/api/**', route => route.fulfill(answer));
      await page.getByLabel('Search').fill(`${answer.status}`);
      await page.locator('#said').getByText(says, { exact: true }).waitFor();
      await page.unroute('**/api/**');
    }
    await page.getByLabel('Search').fill('');

    // a server that draws no secret again
    await page.route('**/api/totp/qrcode/c', route => route.fulfill({
      status: 403, json: { code: 'qrcode_closed', status: 403, title: 'x',
        detail: 'x' } }));
    await manage(page, 'c', 'QR code');
    await press(dialog(page), 'QR code');
    await dialog(page).locator(clear).getByText('Make a new one').waitFor();
    await press(dialog(page), 'Cancel');

    await page.route('**/api/**', route => route.abort());
    await part(page, 'API keys');
    await page.locator('#said').getByText('cannot be reached').waitFor();
    await page.unroute('**/api/**');
    await page.route('**/api/**', route => route.fulfill({ status: 503,
      headers: { 'Retry-After': '1' }, json: { code: 'unavailable',
        status: 503, detail: 'x', title: 'x' } }));
    await part(page, 'Clients');
    await page.locator('#said').getByText('Try again in 1 seconds').waitFor();
    await page.unroute('**/api/**');
    await part(page, 'API keys');
    await page.getByText('No keys yet').waitFor();
    assert.ok(await page.locator('#said').isHidden(), 'and it is forgotten');
  },
};
