// The reference: all of openapi.json, and a form that sends each operation.

import assert from 'node:assert/strict';

const person = { email: `reader${process.pid}@example.com`, password: 'walnut paper kite' };

async function reference(k, hash = '', o = {}) {
  const page = await k.open(`/reference${hash}`, o);
  await page.locator('#live').waitFor();
  return page;
}

async function form(page, id) {
  const all = page.locator(`#${id}`);

  if (await all.getAttribute('open') === null) {
    await all.locator('summary').first().click();
  }
  await all.locator('summary').last().click();
  await all.locator('form').waitFor();
  return all;
}

// Fills in and sends; what came, in three parts.

async function send(page, id, fields = {}) {
  const all = page.locator(`#${id}:has(form)`);
  const open = await all.count() ? all : await form(page, id);

  for (const [name, value] of Object.entries(fields)) {
    const field = open.locator('label', { hasText: new RegExp(`^${name}`) })
      .locator('input, select, textarea');
    await (await field.evaluate(e => e.tagName) === 'SELECT'
      ? field.selectOption(value) : field.fill(value));
  }
  await open.locator('form button').click();
  await open.locator('[role=status]', { hasText: /^\d/ }).waitFor();

  const [headers, text] = await open.locator('.result pre').allTextContents();
  return { status: parseInt(await open.locator('[role=status]').textContent(), 10),
    headers, text, image: open.locator('.result img') };
}

const drawn = image => image.evaluate(async e => {
  await e.decode();
  return [e.naturalWidth > 50, e.src.slice(0, 14), e.alt !== ''];
});

export default {
  'it has all that openapi.json has': async k => {
    const page = await reference(k);
    const doc = await (await fetch(`${k.base}/openapi.json`)).json();
    const wanted = Object.entries(doc.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, op]) =>
        `${op.operationId}: ${method.toUpperCase()} ${path} ${op.summary}`));
    const shown = await page.locator('details.panel').evaluateAll(all => all.map(e =>
      `${e.id}: ${e.querySelector('h3').textContent}`));

    assert.deepEqual(shown.sort(), wanted.sort());
    assert.deepEqual(await page.locator('#tags a').allTextContents(),
      doc.tags.map(tag => tag.name));

    const text = await page.locator('#operations').textContent();
    for (const op of Object.values(doc.paths).flatMap(Object.values)) {
      const said = (op.description ?? '').replaceAll('`', '');
      assert.ok(text.includes(said), said);
    }
    assert.doesNotMatch(text, /undefined|\[object|\$ref|#\/components/);
    await k.axe(page);
    await k.shot(page, 'reference');
  },

  'an operation in full': async k => {
    const page = await reference(k, '#validate');
    const all = page.locator('#validate');

    assert.equal(await all.getAttribute('open'), '', 'a link opens it');
    assert.ok(await all.evaluate(e => e.contains(document.activeElement)
      && Math.abs(e.getBoundingClientRect().top) < 20), 'and goes to it');

    for (const summary of await all.locator('details > summary').all()) {
      if (await summary.evaluate(e => !e.parentNode.open)) {
        await summary.click();
      }
    }
    const text = await all.innerText();
    for (const part of ['POST /api/totp/validate', 'Authorization: Bearer', 'x-api-key',
      'Cookie: accessToken', 'X-CSRF-Token', 'Scope: validate', 'application/json',
      'string 1…128, required', '"token": "847291"', 'The verdict', 'valid boolean, required',
      'Kanda-Reason', '"replayed"', 'application/problem+json', 'Retry-After',
      'integer 1…', 'client_not_found']) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    assert.doesNotMatch(text, /undefined|\[object|\$ref/);
    await k.looks(page, 'reference-validate');
  },

  'alternatives and lists': async k => {
    const page = await reference(k, '#login');
    const text = await page.locator('#login').innerText();

    for (const part of ['one of', 'Token object', 'Challenge object', '[ ] "totp" | "recovery"']) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }

    await page.locator('#listClients > summary').click();
    assert.match(await page.locator('#listClients').innerText(),
      /limit \(query\) integer 1…1000 = 1000[^]*\[ \] object[^]*recoveryCodesLeft/);
    await page.waitForURL(/#listClients$/);    // what is open has its link
  },

  'everything open is still accessible': async k => {
    const page = await reference(k, '', { phone: true });

    await page.evaluate(() => document.querySelectorAll('details').forEach(e => {
      e.open = true;
    }));
    await page.waitForFunction(() =>
      document.querySelectorAll('#operations form').length === document
        .querySelectorAll('details.panel').length);
    assert.ok(await page.evaluate(() =>
      document.documentElement.scrollWidth <= window.innerWidth), 'no wider than a phone');
    await k.axe(page, ['label', 'select-name', 'duplicate-id-aria', 'heading-order',
      'list', 'listitem', 'button-name', 'scrollable-region-focusable', 'region']);
    assert.doesNotMatch(await page.innerText('body'), /undefined|\[object|\$ref/);
  },

  'trying the managed API with a key': async k => {
    const page = await reference(k, '#registerClient');

    await page.getByLabel('Token or API key').fill(k.given.key);
    const made = await send(page, 'registerClient');
    assert.equal(made.status, 201, made.text);
    const client = JSON.parse(made.text);
    assert.equal(client.clientId, 'user-123', 'the example is filled in');
    assert.match(made.headers, /^content-type: application\/json/m);
    assert.deepEqual(await drawn(made.image), [true, 'data:image/png', true]);
    assert.equal(await k.decodeQr(page, '#registerClient .result img'), client.otpauthUrl);
    await k.axe(page);
    await k.shot(page, 'reference-tried');

    const right = await send(page, 'validate', { Body: JSON.stringify(
      { clientId: 'user-123', token: k.totp(client.secret) }) });
    assert.deepEqual([right.status, JSON.parse(right.text)], [200, { valid: true }]);

    const wrong = await send(page, 'validate');
    assert.equal(JSON.parse(wrong.text).valid, false);
    assert.match(wrong.headers, /kanda-reason: \w+/);

    for (const [type, src] of [['image/png', 'data:image/png'],
                               ['image/svg+xml', 'data:image/svg']]) {
      const picture = await send(page, 'drawClient', { Accept: type });
      assert.deepEqual(await drawn(picture.image), [true, src, true]);
    }

    const list = await send(page, 'listClients', { limit: '1' });
    assert.equal(JSON.parse(list.text).limit, 1);

    const refused = await send(page, 'getClient', { clientId: 'no/body' });
    assert.equal(refused.status, 404);
    assert.equal(JSON.parse(refused.text).code, 'client_not_found');
    const gone = await send(page, 'deleteClient');
    assert.deepEqual([gone.status, JSON.parse(gone.text).deleted], [200, true]);
  },

  'trying the form API': async k => {
    const page = await reference(k);

    await page.getByLabel('Token or API key').fill(k.given.key);
    const picture = await send(page, 'generateQRCode');
    assert.equal(picture.status, 200);
    assert.deepEqual(await drawn(picture.image), [true, 'data:image/png', true]);
    assert.equal(await k.decodeQr(page, '#generateQRCode .result img'), 'https://example.com/');

    const codes = await send(page, 'getOTP', { tokenLength: '8' });
    assert.match(JSON.parse(codes.text).currentToken, /^\d{8}$/);
  },

  'trying the JSON API': async k => {
    const page = await reference(k);

    await page.getByLabel('Token or API key').fill(k.given.key);
    const made = await send(page, 'generate', { algorithm: 'SHA256', digits: '8' });
    assert.equal(made.status, 200, made.text);
    const { secret, uri, current_code: code } = JSON.parse(made.text);
    assert.match(uri, /MyApp:alice%40example\.com.*SHA256/);
    const right = await send(page, 'verify', { Body: JSON.stringify(
      { secret, code, digits: 8, algorithm: 'SHA256' }) });
    assert.equal(JSON.parse(right.text).valid, true);
  },

  'trying the login router, and others by its session': async k => {
    const page = await reference(k);
    const Body = JSON.stringify(person);

    assert.equal((await send(page, 'authRegister', { Body })).status, 201);
    assert.equal((await send(page, 'authMe')).status, 403, 'no session yet');
    assert.equal((await send(page, 'authLogin', { Body })).status, 200);
    const me = await send(page, 'authMe');
    assert.equal(JSON.parse(me.text).email, person.email);

    // these want X-CSRF-Token
    const key = await send(page, 'makeKey');
    assert.equal(key.status, 201, key.text);
    assert.equal((await send(page, 'authSetup')).status, 200);

    // a pasted key goes without cookies
    await page.getByLabel('Token or API key').fill(JSON.parse(key.text).apiKey);
    assert.equal((await send(page, 'authMe')).status, 403);
  },

  'nothing stays behind': async k => {
    const page = await reference(k, '#ping');
    const hidden = 'kan_secret';

    await page.getByLabel('Token or API key').fill(hidden);
    k.allow(/status of 403/);
    await send(page, 'ping');
    assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length,
      document.cookie]), [0, 0, '']);
    assert.doesNotMatch(page.url(), /kan_/);

    await page.goto(`${k.base}/`);
    await page.goBack();
    await page.locator('#live').waitFor();
    assert.equal(await page.getByLabel('Token or API key').inputValue(), '');
    assert.equal(await page.locator('.result pre').count(), 0);
  },

  'an answer is text, whatever it says': async k => {
    const page = await reference(k, '#ping');

    await page.route('**/totp/ping', route => route.fulfill({ contentType: 'text/html',
      body: '<b id="evil">x</b><script>document.title = "evil"</script>' }));
    const said = await send(page, 'ping');
    assert.match(said.text, /<b id="evil">/);
    assert.equal(await page.locator('#evil').count(), 0);
    assert.notEqual(await page.title(), 'evil');
  },

  'a service that is away is said to be': async k => {
    const page = await reference(k, '#ping');

    k.allow(/Failed to (load|fetch)|ERR_FAILED/);
    await page.route('**/totp/ping', route => route.abort());
    const all = await form(page, 'ping');
    await all.locator('form button').click();
    await all.locator('[role=alert]', { hasText: 'cannot be reached' }).waitFor();
    await k.axe(page);
  },

  'a keyboard does it all': async k => {
    const page = await reference(k, '#exchangeKey');
    const focused = () => page.evaluate(() => document.activeElement.textContent);
    const tabTo = async (text) => {
      for (let i = 0; i < 30 && await focused() !== text; i++) {
        await page.keyboard.press('Tab');
      }
      assert.equal(await focused(), text);
    };

    await tabTo('Try it');
    await page.keyboard.press('Enter');
    await page.locator('#exchangeKey form').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(JSON.stringify({ apiKey: k.given.key }));
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('#exchangeKey [role=status]', { hasText: /^200/ }).waitFor();
    await page.waitForFunction(() => document.activeElement.textContent === 'Send');
  },

  'it speaks German around English descriptions': async k => {
    const page = await reference(k, '#ping', { locale: 'de-DE', phone: true });

    await page.getByRole('heading', { name: 'API-Referenz' }).waitFor();
    assert.equal(await page.title(), 'API-Referenz – Kanda');
    await page.locator('#ping').getByText('Ausprobieren').click();
    await page.getByRole('button', { name: 'Senden' }).waitFor();
    assert.doesNotMatch(await page.innerText('body'), /\b(ref|nav)\.\w/);
    assert.equal(await page.getByText('Is it there?').getAttribute('lang'), 'en');
    await k.shot(page, 'reference-de');
  },

  'without JavaScript it says where to look': async k => {
    const page = await k.open('/reference', { javaScriptEnabled: false });

    assert.ok(await page.locator('noscript a').isVisible());
    assert.equal(await page.locator('noscript a').getAttribute('href'), '/openapi.json');
    assert.equal(await page.locator('#live').isVisible(), false);
  },

  'a token that no header could carry': async k => {
    const page = await reference(k, '', { locale: 'de-DE' });
    const all = await form(page, 'listClients');

    await page.locator('#token').fill('kan_schlüssel😀');
    await all.locator('form button').click();
    await all.locator('[role=alert]:not([lang])', { hasText: 'auch ein Token' })
      .waitFor();
  },
};
