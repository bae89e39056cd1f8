// What a person does in the dashboard, and what somebody hostile leaves there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const password = 'walnut paper kite';
const clear = '[role=alert]:not([hidden])';
let people = 0;

// 128 bytes, as much as there may be, and texts that want to be more than text
const long = 'ä'.repeat(64);
const hostile = [
  '<img src=x onerror="document.title=1">', `"'><script>document.title=1</script>`,
  '\u2069\u202Eevil\u202C & &lt;b&gt;', '👩‍👩‍👧 {n} {id}', '=1+1', long,
];


// Somebody new, who is signed in

async function enter(k, part = '', o = {}) {
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

const api = (page, method, path, body) => page.evaluate(async ([m, p, b]) =>
  (await import('/js/base.js')).api(m, p, b), [method, path, body]);

// A program elsewhere, with a key

async function program(k, key, method, path, body, headers = {}) {
  const answer = await fetch(`${k.base}/api/${path}`, { method,
    headers: { 'x-api-key': key, 'Content-Type': 'application/json', ...headers },
    body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

const dialog = page => page.getByRole('dialog');
const press = (where, name) =>
  where.getByRole('button', { name, exact: true }).click();

async function asked(page, name) {            // a dialog that has come
  await dialog(page).getByRole('heading', { name }).first().waitFor();
  assert.equal(await dialog(page).count(), 1);
}

async function gone(page) {
  await page.locator('dialog').waitFor({ state: 'detached' });
}

async function told(page, text) {
  await page.locator('#done', { hasText: text }).waitFor();
}

async function manage(page, id, what) {
  const row = page.getByRole('row').filter({
    has: page.getByRole('cell', { name: id, exact: true }) });
  await press(row.first(), 'Manage');
  await asked(page, id);
  await press(dialog(page), what);
}

async function validate(page, code, says, check = 'Check') {
  await dialog(page).locator('input[name=code]').fill(code);
  await press(dialog(page), check);
  await dialog(page).locator('[role=status],[role=alert]')
    .filter({ hasText: says }).waitFor();
}

async function part(page, name) {
  await page.getByRole('link', { name, exact: true }).click();
  await page.locator('#head', { hasText: name }).waitFor();
}

const secretIn = async page =>
  (await dialog(page).locator('code').innerText()).replaceAll(' ', '');

async function kept(page, name) {
  const [download] = await Promise.all([page.waitForEvent('download'),
    press(page, name)]);
  return [download.suggestedFilename(),
    readFileSync(await download.path(), 'utf8')];
}

const rows = page => page.locator('#part > div > .wide tbody tr');
const cells = row => row.locator('td').allInnerTexts();


export default {
  'a client, from nothing to nothing': async k => {
    const page = await enter(k, '', { permissions: ['clipboard-read',
      'clipboard-write'] });

    await page.getByText('No clients here').waitFor();
    assert.equal(await page.locator('table').count(), 0, 'no table of nothing');

    await press(page, 'Register a client');
    await asked(page, 'Register a client');
    await k.axe(page);
    const form = dialog(page);
    await form.getByLabel('Client ID').fill('user/1 ü%?#');
    await form.getByLabel('Label').fill(hostile[0]);
    await form.getByLabel('Issuer').fill('My “site”');
    await press(form, 'Register a client');

    await asked(page, 'user/1 ü%?#');
    await told(page, 'Register a client, \u2068user/1 ü%?#\u2069');
    const secret = await secretIn(page);
    assert.match(secret, /^[A-Z2-7]{32}$/);
    assert.match(await dialog(page).locator('code').innerText(),
      /^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/, 'in groups of four');
    const url = new URL(await k.decodeQr(page, 'dialog img'));
    assert.equal(url.searchParams.get('secret'), secret, 'the picture says so');
    assert.equal(url.searchParams.get('issuer'), 'My “site”');
    assert.equal(decodeURIComponent(url.pathname).split(':')[1], hostile[0]);
    await k.axe(page);
    await k.shot(page, 'dashboard-secret');
    await press(dialog(page), 'Copy');
    await dialog(page).getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
      secret);

    // a code, once; what is none; and the wrong ones, until it is locked
    const next = k.codes(secret);
    await press(dialog(page), 'Try a code');
    await asked(page, 'Try a code: \u2068user/1 ü%?#\u2069');
    assert.ok(!(await page.content()).includes(secret.slice(0, 4) + ' '),
      'the secret is gone');
    const left = await dialog(page).getByRole('progressbar')
      .evaluate(e => [e.value, e.max]);
    assert.ok(left[0] >= 1 && left[0] <= 30 && left[1] === 30, `${left}`);
    await page.waitForFunction(was =>
      document.querySelector('progress').value !== was, left[0]);
    await k.axe(page);

    const code = await next();
    await validate(page, code, 'Valid.');
    assert.equal(await dialog(page).getByLabel('Code or recovery code')
      .inputValue(), '', 'ready for the next');
    await validate(page, code, 'used before');
    await k.shot(page, 'dashboard-try');
    await validate(page, 'nope', 'no code');
    const wrong = ['000001', '000002', '000003', '000004', '000005', '000006']
      .filter(c => c !== code);
    for (const c of wrong.slice(0, 4)) {
      await validate(page, c, 'Wrong.');
    }
    await validate(page, wrong[4], /Wrong|Locked/);
    await validate(page, await next(), /Locked .* again in \d+ seconds/);
    await k.axe(page);
    await press(dialog(page), 'Close');
    await gone(page);

    await page.getByRole('cell', { name: 'locked' }).waitFor();
    await manage(page, 'user/1 ü%?#', 'Unlock');
    await press(dialog(page), 'Unlock');
    await told(page, 'Unlock');
    await page.getByRole('cell', { name: 'in use' }).waitFor();

    // the picture again, while the server gives it
    await manage(page, 'user/1 ü%?#', 'QR code');
    await asked(page, 'QR code');
    await press(dialog(page), 'QR code');
    await dialog(page).locator('img').waitFor();
    assert.match(await k.decodeQr(page, 'dialog img'),
      new RegExp(`secret=${secret}`));
    await press(dialog(page), 'Close');

    // another secret
    await manage(page, 'user/1 ü%?#', 'New secret');
    await asked(page, 'New secret');
    await k.axe(page);
    await press(dialog(page), 'Cancel');
    await gone(page);
    await manage(page, 'user/1 ü%?#', 'New secret');
    await press(dialog(page), 'New secret');
    await dialog(page).locator('img').waitFor();
    const second = await secretIn(page);
    assert.notEqual(second, secret);
    await press(dialog(page), 'Try a code');
    await validate(page, k.totp(secret), 'Wrong.');
    await validate(page, k.totp(second), 'Valid.');
    await press(dialog(page), 'Close');
    await gone(page);

    // recovery codes
    await manage(page, 'user/1 ü%?#', 'Recovery codes');
    await press(dialog(page), 'Recovery codes');
    await dialog(page).locator('pre').waitFor();
    const codes = await dialog(page).locator('pre').innerText();
    assert.match(codes, /^([0-9a-z]{5}-[0-9a-z]{5}\n){10}$/);
    assert.deepEqual(await kept(page, 'Download'),
      ['recovery-codes.txt', codes]);
    await press(dialog(page), 'Copy');
    await dialog(page).getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
      codes);
    await press(dialog(page), 'Close');
    await manage(page, 'user/1 ü%?#', 'Try a code');
    await validate(page, codes.split('\n')[3], 'Valid.');
    await validate(page, codes.split('\n')[3], 'Wrong.');
    await press(dialog(page), 'Close');

    await manage(page, 'user/1 ü%?#', 'Delete');
    await asked(page, 'Delete');
    assert.equal(await page.evaluate(() => document.activeElement.textContent),
      'Cancel', 'not by a hasty Enter');
    await k.axe(page);
    await press(dialog(page), 'Delete');
    await told(page, 'Delete, \u2068user/1');
    await page.getByText('No clients here').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'head',
      'the focus has a place');
  },

  'clients of every kind': async k => {
    const page = await enter(k);

    await press(page, 'Register a client');
    const form = dialog(page);
    await form.getByLabel('Client ID').fill('imported');
    await form.getByText('Advanced').click();
    await form.getByLabel('Algorithm').selectOption('SHA256');
    await form.getByLabel('Digits').fill('8');
    await form.getByLabel('Period').fill('60');
    await form.getByLabel('Secret of your own').fill('jbsw y3dp ehpk 3pxp');
    await press(form, 'Register a client');
    await dialog(page).locator('img').waitFor();
    const url = new URL(await k.decodeQr(page, 'dialog img'));
    assert.deepEqual(['secret', 'algorithm', 'digits', 'period'].map(p =>
      url.searchParams.get(p)), ['JBSWY3DPEHPK3PXP', 'SHA256', '8', '60']);
    await press(dialog(page), 'Try a code');
    assert.equal(await dialog(page).getByRole('progressbar')
      .evaluate(e => e.max), 60, 'its own period');
    await press(dialog(page), 'Close');
    await gone(page);

    // the same again, and what no client can have
    await press(page, 'Register a client');
    await form.getByLabel('Client ID').fill('imported');
    await press(form, 'Register a client');
    await form.locator(clear).getByText('exists already').waitFor();
    await form.getByText('Advanced').click();
    await form.getByLabel('Digits').fill('9');
    await press(form, 'Register a client');
    await form.locator(clear).getByText(/^digits /).waitFor();
    await form.getByLabel('Digits').fill('6');
    await form.getByLabel('Client ID').fill('other');
    await form.getByLabel('Secret of your own').fill('no base32!');
    await press(form, 'Register a client');
    await form.locator(clear).getByText(/^secret /).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.name),
      'secret');
    await press(form, 'Cancel');

    // pages, and a search through all of them
    await page.evaluate(async () => {
      const { api } = await import('/js/base.js');
      for (let i = 0; i < 44; i++) {
        await api('POST', 'totp/register', { clientId: `client-${i}`,
          label: i % 2 ? `Odd ${i}` : 'even', issuer: 'Kanda' });
      }
    });
    await page.reload();
    await page.getByText('1–20 of 45').waitFor();
    assert.equal((await cells(rows(page).first()))[1], 'client-43');
    assert.ok(await page.getByRole('button', { name: 'Back' }).isDisabled());
    await press(page, 'More');
    await page.getByText('21–40 of 45').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.className),
      'wide', 'the focus goes along');
    await press(page, 'More');
    await page.getByText('41–45 of 45').waitFor();
    assert.equal((await cells(rows(page).last()))[1], 'imported');
    assert.ok(await page.getByRole('button', { name: 'More' }).isDisabled());
    await page.getByLabel('Search').fill('ODD');
    await page.getByText('1–20 of 22').waitFor();
    await press(page, 'More');
    await page.getByText('21–22 of 22').waitFor();
    await page.getByLabel('Search').fill('client-43');
    await page.getByText('1–1 of 1').waitFor();
    await page.getByLabel('Search').fill('nobody');
    await page.getByText('No clients here').waitFor();
    await page.getByLabel('Search').fill('');
    await page.getByText('1–20 of 45').waitFor();
    await k.looks(page, 'dashboard-clients');

    // a last page that went meanwhile
    await press(page, 'More');
    await press(page, 'More');
    await page.getByText('41–45 of 45').waitFor();
    await manage(page, 'imported', 'Try a code');
    for (const i of [0, 1, 2, 3, 4]) {
      await api(page, 'DELETE', `totp/client-${i}`);
    }
    await press(dialog(page), 'Close');
    await page.getByText('1–20 of 40').waitFor();

    // a search through more than the API tells at once
    const { clients: [one] } = await api(page, 'GET', 'totp?limit=1');
    await page.route('**/api/totp?limit=1000&*', route => {
      const offset = +new URL(route.request().url()).searchParams.get('offset');
      const clients = Array.from({ length: offset < 2000 ? 1000 : 3 }, (_, i) =>
        ({ ...one, clientId: `many-${offset + i}` }));
      route.fulfill({ json: { clients, total: 2003, limit: 1000, offset } });
    });
    await page.getByLabel('Search').fill('many-');
    await page.getByText('1–20 of 2003').waitFor();
    await page.getByLabel('Search').fill('many-2002');
    await page.getByText('1–1 of 1').waitFor();
    await page.unroute('**/api/totp?limit=1000&*');
    await page.getByLabel('Search').fill('');
    await page.getByText('1–20 of 40').waitFor();

    // and through more than it looks at
    await page.route('**/api/totp?limit=1000&*', route => route.fulfill({ json: {
      clients: Array(1000).fill(one), total: 10001, limit: 1000, offset: 0 } }));
    await page.getByLabel('Search').fill(one.clientId);
    await page.getByText('of 10000 Only the newest 10000 clients were looked at.')
      .waitFor();
    await page.unroute('**/api/totp?limit=1000&*');
    await page.getByLabel('Search').fill('');
    await page.getByText('1–20 of 40').waitFor();

    // one client that did
    await api(page, 'DELETE', 'totp/client-43');
    await manage(page, 'client-43', 'New secret');
    await press(dialog(page), 'New secret');
    await dialog(page).locator(clear).getByText('This client is gone').waitFor();
  },

  'keys': async k => {
    const page = await enter(k, '#keys', { permissions: ['clipboard-read',
      'clipboard-write'] });
    await page.getByText('No keys yet').waitFor();
    await api(page, 'POST', 'totp/register', { clientId: 'c' });

    await press(page, 'Create a key');
    await asked(page, 'Create a key');
    await k.axe(page);
    await dialog(page).getByLabel('Name').fill('login servers');
    await press(dialog(page), 'Create a key');
    await dialog(page).locator('pre').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    const validator = await dialog(page).locator('pre').innerText();
    await press(dialog(page), 'Copy');
    await dialog(page).getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
      validator);
    await k.axe(page);
    await press(dialog(page), 'Close');
    await gone(page);
    assert.ok(!(await page.content()).includes(validator), 'shown once');

    assert.equal((await program(k, validator, 'POST', 'totp/validate',
      { clientId: 'c', token: '000000' })).status, 200);
    assert.equal((await program(k, validator, 'GET', 'totp')).status, 403);

    // no scope is not every scope
    await press(page, 'Create a key');
    await dialog(page).getByLabel('validate').uncheck();
    await press(dialog(page), 'Create a key');
    await dialog(page).locator(clear).getByText('scopes').waitFor();
    await dialog(page).getByLabel('logs').check();
    await dialog(page).getByLabel('clients').check();
    await dialog(page).getByLabel('Regions').fill('eu, us-1');
    await dialog(page).getByLabel('Expires').fill('2099-01-02T03:04');
    await press(dialog(page), 'Create a key');
    await dialog(page).locator('pre').waitFor();
    const office = await dialog(page).locator('pre').innerText();
    await press(dialog(page), 'Close');
    assert.equal((await program(k, office, 'GET', 'totp')).status, 200);
    assert.equal((await program(k, office, 'GET', 'logs')).status, 200);
    assert.equal((await program(k, office, 'GET', 'apikeys')).status, 403);

    await page.reload();
    await page.getByText('1–2 of 2').waitFor();
    const list = await Promise.all([0, 1].map(i => cells(rows(page).nth(i))));
    const [first, second] = list.sort((a, b) => b[0].localeCompare(a[0]));
    const { apiKeys } = await api(page, 'GET', 'apikeys');
    assert.deepEqual([first[0], second[0]], ['login servers', '–']);
    assert.deepEqual([first[2], second[2]], ['validate', 'clients, logs']);
    assert.deepEqual([first[3], second[3]], ['–', 'eu, us-1']);
    assert.match(second[6], /2 Jan 2099, 03:04/);
    assert.notEqual(first[5], '–', 'when it was last used');
    assert.equal(apiKeys.find(a => a.expiresAt).expiresAt,
      await page.evaluate(() => new Date('2099-01-02T03:04').toISOString()));
    await k.looks(page, 'dashboard-keys');

    await press(page.getByRole('row', { name: 'login servers' }), 'Revoke');
    await asked(page, 'Revoke');
    await dialog(page).getByText('Revoke \u2068login servers\u2069?').waitFor();
    await k.axe(page);
    await press(dialog(page), 'Revoke');
    await told(page, 'Revoke, \u2068login servers');
    await page.getByText('1–1 of 1').waitFor();
    assert.equal((await program(k, validator, 'POST', 'totp/validate',
      { clientId: 'c', token: '000000' })).status, 401);
    assert.equal((await program(k, office, 'GET', 'totp')).status, 200);
  },

  'the access log': async k => {
    const page = await enter(k, '', { timezoneId: 'Asia/Kolkata',
      userAgent: '=1+1", x' });
    const { apiKey } = await api(page, 'POST', 'apikeys', { name: 'k' });
    await api(page, 'POST', 'totp/register', { clientId: '-c' });

    // wrong codes, a right one, and strangers' words
    for (const [token, agent] of [['111111', '+a\tb'], ['222222', '@x,y'],
      ['x', '-"q"'], ['333333', hostile[0]], ['x', 'a;=1'], ['x', `a|"'+1`],
      ['x', 'b, @x;;-y'], ['x', '＝1;＋2|－3,＠'], ['x', 'a-b=c@d; e']]) {
      await program(k, apiKey, 'POST', 'totp/validate', { clientId: '-c', token },
        { 'User-Agent': Buffer.from(agent).toString('latin1') });
    }
    await page.evaluate(async () => {
      const { api } = await import('/js/base.js');
      for (let i = 0; i < 21; i++) {
        await api('POST', 'totp/unlock/-c');
      }
    });

    await part(page, 'Access log');
    const { logs: all } = await api(page, 'GET', 'logs?limit=200');
    await page.getByText(`1–20 of ${all.length}`).waitFor();

    // times are the reader's
    const shown = await cells(rows(page).first());
    assert.equal(shown[0], new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium',
      timeStyle: 'medium', timeZone: 'Asia/Kolkata' })
      .format(new Date(all[0].timestamp)));
    assert.deepEqual(shown.slice(1, 5),
      ['totp.unlock', 'accepted', '-c', '127.0.0.1']);
    assert.equal(shown[5], all[0].userAgent);

    // pages; one event alone, in pages of its own
    await press(page, 'More');
    await page.getByText(`21–${all.length} of ${all.length}`).waitFor();
    const select = page.getByLabel('Event');
    // of those that the API has, all but the account's own end
    assert.deepEqual((await select.locator('option').allTextContents())
      .slice(1).sort(), await page.evaluate(async () =>
        (await (await fetch('/openapi.json')).json()).components.schemas.Event
          .enum.filter(event => event !== 'admin.delete').sort()));
    await select.selectOption('totp.unlock');
    await page.getByText('1–20 of 21').waitFor();
    await select.selectOption('totp.validate');
    await page.getByText('1–9 of 9').waitFor();
    const tries = await Promise.all([5, 6, 7, 8].map(i =>
      cells(rows(page).nth(i))));
    assert.deepEqual(tries.map(r => [r[2], r[5]]), [
      ['refused wrong_code', hostile[0]], ['refused malformed', '-"q"'],
      ['refused wrong_code', '@x,y'], ['refused wrong_code', '+a?b']]);
    await select.selectOption('otp.get');
    await page.getByText('No entries').waitFor();

    // files: of one event, and of all
    await select.selectOption('totp.validate');
    const { logs: some } = await api(page, 'GET', 'logs?event=totp.validate');
    const ndjson = logs => logs.map(e => `${JSON.stringify(e)}\n`).join('');
    assert.deepEqual(await kept(page, 'Download NDJSON'),
      ['access-log.ndjson', ndjson(some)]);
    const [name, csv] = await kept(page, 'Download CSV');
    const head = '"id","timestamp","event","success","clientId","reason","ip",'
      + '"userAgent","apiKeyId","count"\r\n';
    const agents = ['"a-b=c@d; e"', `"'＝1;'＋2|'－3,'＠"`, `"b,' @x;;'-y"`,
      `"a|'""'+1"`, `"a;'=1"`, `"<img src=x onerror=""document.title=1"">"`,
      `"'-""q"""`, `"'@x,y"`, `"'+a?b"`];
    assert.deepEqual([name, csv], ['access-log.csv', head + some.map((e, i) =>
      `"${e.id}","${e.timestamp}","totp.validate","false","'-c","${e.reason}",`
      + `"127.0.0.1",${agents[i]},"${e.apiKeyId}",""\r\n`).join('')]);
    await select.selectOption('all');
    await page.getByText(`1–20 of ${all.length}`).waitFor();
    assert.deepEqual((await kept(page, 'Download NDJSON'))[1], ndjson(all));
    const [, whole] = await kept(page, 'Download CSV');
    assert.equal(whole.split('\r\n').length, all.length + 2);
    assert.ok(whole.includes(`,"'=1+1"", x",`), 'a formula is none');
  },

  'a log that is live': async k => {
    const page = await enter(k);
    const { apiKey } = await api(page, 'POST', 'apikeys', { name: 'k' });
    const register = id => program(k, apiKey, 'POST', 'totp/register',
      { clientId: id });
    const newest = async () => (await cells(rows(page).first()))[3];
    const poll = () => Promise.all([page.clock.fastForward(5000),
      page.waitForResponse(/logs\?limit=20&/)]);
    let asked = 0;

    await page.clock.install();
    await page.goto(`${k.base}/dashboard#log`);
    await page.reload();
    await page.getByText('1–3 of 3').waitFor();
    await page.waitForLoadState('networkidle');
    await page.route('**/api/logs?limit=20&*', route => {
      asked++;
      route.continue();
    });

    await register('first');
    await poll();
    await rows(page).first().getByText('first').waitFor();
    assert.equal(asked, 1);

    // what is as it was stays where it is
    await rows(page).first().evaluate(e => { e.dataset.kept = 1; });
    await poll();
    await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.equal(asked, 2);
    assert.equal(await page.locator('[data-kept]').count(), 1);

    // unless nobody looks, or it is told not to
    await register('second');
    await page.evaluate(() => Object.defineProperty(document, 'hidden',
      { get: () => globalThis.unseen, configurable: true }));
    await page.evaluate(() => { globalThis.unseen = true; });
    await page.clock.fastForward(5000);
    assert.deepEqual([asked, await newest()], [2, 'first']);
    await page.evaluate(() => { globalThis.unseen = false; });
    await poll();
    await rows(page).first().getByText('second').waitFor();
    await page.getByLabel('Refresh by itself').uncheck();
    await register('third');
    await page.clock.fastForward(5000);
    assert.deepEqual([asked, await newest()], [3, 'second']);

    // what is scrolled sideways stays so
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByLabel('Refresh by itself').check();
    const left = () => page.locator('#part > div > .wide').last()
      .evaluate(e => e.scrollLeft);
    await page.locator('#part > div > .wide').last()
      .evaluate(e => e.scrollTo(70, 0));
    await poll();
    await rows(page).first().getByText('third').waitFor();
    assert.equal(await left(), 70);

    // nor when another part is there
    await part(page, 'API keys');
    await page.clock.fastForward(15000);
    assert.equal(asked, 4);
  },

  'a log of many pages': async k => {
    const page = await enter(k);
    await page.evaluate(async () => {
      const { api } = await import('/js/base.js');
      await api('POST', 'totp/register', { clientId: 'c' });
      for (let i = 0; i < 420; i++) {
        await api('POST', 'totp/unlock/c');
      }
    });
    await page.goto(`${k.base}/dashboard#log`);
    await page.getByText('1–20 of 4').waitFor();
    await page.getByLabel('Refresh by itself').uncheck();
    await page.waitForLoadState('networkidle');

    // an entry that comes between two pages is no reason to tell one twice
    let asked = 0;
    await page.route('**/api/logs?limit=200*', async route => {
      if (asked++ === 1) {
        await page.evaluate(async () =>
          (await import('/js/base.js')).api('POST', 'totp/unlock/c'));
      }
      await route.continue();
    });
    const [, text] = await kept(page, 'Download NDJSON');
    assert.equal(asked, 3);
    const ids = text.trim().split('\n').map(l => JSON.parse(l).id);
    const { total } = await api(page, 'GET', 'logs?limit=1');
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(ids.length, total - 1, 'all that there were at the start');

    // the chart asks for what is new, not for all of them again
    asked = 9;
    await page.getByLabel('Event').selectOption('auth.login');
    await page.getByText('1–1 of 1').waitFor();
    await page.getByLabel('Event').selectOption('totp.register');
    await page.getByText('1–1 of 1').waitFor();
    await page.waitForTimeout(100);
    assert.equal(asked, 11);
  },

  'a chart that could not be drawn': async k => {
    const page = await enter(k);
    const entries = Array.from({ length: 250 }, (_, i) => ({ id: `${i}`,
      timestamp: new Date().toISOString(), event: 'totp.validate',
      success: true, clientId: 'c', reason: null, ip: null, userAgent: null,
      apiKeyId: null, count: null }));
    let away = true;

    k.allow(/status of 503/);
    await page.clock.install();
    await page.route('**/api/logs?*', route => {
      const query = new URL(route.request().url()).searchParams;
      const [limit, offset] = [+query.get('limit'), +query.get('offset')];
      return offset && away ? route.fulfill({ status: 503, body: '<html>' })
        : route.fulfill({ json: { logs: entries.slice(offset, offset + limit),
          total: 250, limit, offset } });
    });
    await part(page, 'Access log');
    await page.locator('#said').getByText('cannot decide').waitFor();
    assert.equal(await page.locator('svg').count(), 0, 'half of it is wrong');
    away = false;
    await page.clock.fastForward(5000);
    await page.getByText('■ accepted: 250').waitFor();
    assert.ok(await page.locator('#said').isHidden(), 'and it is forgotten');
  },

  'the chart': async k => {
    const page = await enter(k);
    const now = Date.now();
    const entries = [];
    const put = (daysAgo, event, success, count) => entries.push({
      id: `${entries.length}`, timestamp: new Date(now - daysAgo * 864e5)
        .toISOString(), event, success, clientId: 'c', reason: null, ip: null,
      userAgent: null, apiKeyId: null, count });

    put(0, 'totp.validate', true);
    put(0, 'totp.validate', true);
    put(0, 'totp.validate', false, 7);
    put(0, 'totp.register', true);
    put(1, 'otp.verify', true);
    put(3, 'auth.2fa.verify', false);
    put(13, 'toolkit.verify', true);
    put(15, 'totp.validate', true);

    // a log that has grown old: only this answer is not nginx's
    await page.route('**/api/logs?*', route => route.fulfill({
      json: { logs: entries, total: entries.length, limit: 200, offset: 0 } }));
    await part(page, 'Access log');
    await page.getByText('■ accepted: 4').waitFor();
    await page.getByText('▨ refused: 8').waitFor();

    await page.getByText('As a table').click();
    const table = await page.locator('details tbody tr').allInnerTexts();
    const numbers = table.map(r => r.split('\t').slice(1).map(Number));
    assert.equal(table.length, 14);
    assert.deepEqual(numbers[13], [2, 7]);
    assert.deepEqual(numbers[12], [1, 0]);
    assert.deepEqual(numbers[10], [0, 1]);
    assert.deepEqual(numbers[0], [1, 0]);
    assert.deepEqual(numbers.flat().reduce((a, b) => a + b), 12);

    // what is drawn is as high as what is said; refused ones have a pattern
    const bars = await page.locator('svg.chart > rect').evaluateAll(list =>
      list.map(e => [e.getAttribute('fill'), e.getBBox().height]));
    assert.deepEqual(bars.map(([, h]) => Math.round(h * 9 / 150)),
      numbers.flat());
    assert.deepEqual([bars[26][0], bars[27][0]],
      ['currentColor', 'url(#hatch)']);
    const chart = page.getByRole('img', { name: 'Codes in 14 days' });
    assert.match(await chart.locator('desc').textContent(),
      /4 accepted, 8 refused/);
    const [ok, no] = await chart.evaluate(e => [getComputedStyle(e).color,
      getComputedStyle(e.querySelector('pattern')).fill]);
    assert.notEqual(ok, no);
    await k.looks(page, 'dashboard-log');
  },

  'the account': async k => {
    const page = await enter(k, '#security');
    await page.getByText(`You are \u2068${page.email}`).waitFor();
    await page.getByText('It is off').waitFor();
    await page.getByText('(this one)').waitFor();
    await k.looks(page, 'dashboard-security');

    // another browser, and one that is ended
    const other = await page.context().browser().newContext({ userAgent: 'other' });
    const login = data => other.request.post(`${k.base}/auth/login`, { data });
    const inside = async () =>
      (await other.request.get(`${k.base}/auth/me`)).status();
    await login({ email: page.email, password });
    assert.equal(await inside(), 200);
    await page.reload();
    await page.getByText('1–2 of 2').waitFor();
    await press(page.getByRole('row').filter({ hasText: 'other' }),
      'End');
    await asked(page, 'End');
    await press(dialog(page), 'End');
    await page.getByText('1–1 of 1').waitFor();
    assert.equal(await inside(), 403);

    // a second factor
    await press(page, 'Turn on');
    await dialog(page).locator('img').waitFor();
    const secret = (await dialog(page).locator('code').innerText())
      .replaceAll(' ', '');
    const next = k.codes(secret);
    assert.match(await k.decodeQr(page, 'dialog img'),
      new RegExp(`secret=${secret}`));
    await k.axe(page);
    await dialog(page).locator('input[name=code]').fill('000000');
    await press(dialog(page), 'Turn on');
    await dialog(page).locator(clear).waitFor();
    await dialog(page).locator('input[name=code]').fill(await next());
    await press(dialog(page), 'Turn on');
    await dialog(page).locator('pre').waitFor();
    await k.axe(page);
    const codes = (await dialog(page).locator('pre').innerText()).trim()
      .split('\n');
    assert.equal(codes.length, 10);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await press(dialog(page), 'I have kept them');
    await gone(page);
    await page.getByText('It is on').waitFor();

    // a moment ago is enough; later it is asked for
    await press(page, 'Recovery codes');
    await dialog(page).locator('pre').waitFor();
    const fresh = (await dialog(page).locator('pre').innerText()).trim()
      .split('\n');
    assert.equal(new Set([...codes, ...fresh]).size, 20);
    await press(dialog(page), 'Close');
    const stale = { email: page.email, password };
    const token = (await (await login(stale)).json()).tempToken;
    await other.request.post(`${k.base}/auth/2fa/verify`,
      { data: { tempToken: token, totpCode: fresh[0] } });
    assert.equal(await inside(), 200);
    await page.route('**/auth/2fa/*', route =>
      route.request().postDataJSON().token ? route.continue()
        : route.fulfill({ status: 403, json: { error: 'A code is required',
          code: '2FA_CODE_REQUIRED' } }));
    await press(page, 'Recovery codes');
    await dialog(page).getByText('Show your second factor').waitFor();
    await k.axe(page);
    await dialog(page).getByLabel('Code or recovery code').fill('000000');
    await press(dialog(page), 'Recovery codes');
    await dialog(page).locator(clear).waitFor();
    await dialog(page).getByLabel('Code or recovery code').fill(fresh[1]);
    await press(dialog(page), 'Recovery codes');
    await dialog(page).locator('pre').waitFor();
    const last = (await dialog(page).locator('pre').innerText()).trim()
      .split('\n');
    await press(dialog(page), 'Close');

    await press(page, 'Turn off');
    await asked(page, 'Turn off');
    await press(dialog(page), 'Turn off');
    await dialog(page).getByLabel('Code or recovery code').fill(last[0]);
    await press(dialog(page), 'Turn off');
    await page.getByText('It is off').waitFor();
    await told(page, 'Turn off');
    await page.unroute('**/auth/2fa/*');
    assert.equal(await inside(), 403, 'other sessions end');

    // the password
    await login(stale);
    await press(page, 'Change the password');
    await k.axe(page);
    await dialog(page).getByLabel('Password', { exact: true }).fill('not this');
    await dialog(page).getByLabel('New password').fill('paper walnut kite');
    await press(dialog(page), 'Change the password');
    await dialog(page).locator(clear).waitFor();
    await dialog(page).getByLabel('Password', { exact: true }).fill(password);
    await press(dialog(page), 'Change the password');
    await told(page, 'Change the password');
    assert.equal(await inside(), 403, 'other sessions end');
    assert.equal((await login(stale)).status(), 401);
    stale.password = 'paper walnut kite';
    assert.equal((await login(stale)).status(), 200);

    // the end
    await press(page, 'Delete the account');
    await k.axe(page);
    const end = dialog(page);
    await end.getByLabel('Password').fill(stale.password);
    await press(end, 'Delete the account');
    assert.equal(await end.count(), 1, 'not without a yes');
    await end.getByLabel('Yes, everything').check();
    await end.getByLabel('Password').fill('wrong');
    await press(end, 'Delete the account');
    await end.locator(clear).waitFor();
    await end.getByLabel('Password').fill(stale.password);
    await press(end, 'Delete the account');
    k.allow(/favicon/);
    await page.waitForURL(`${k.base}/`);
    assert.equal((await login(stale)).status(), 401);
    await other.close();
  },

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

  'who comes after finds nothing': async k => {
    const page = await enter(k, '#security');
    await api(page, 'POST', 'totp/register', { clientId: 'private-c' });
    await page.goto(`${k.base}/dashboard#clients`);
    await page.getByRole('cell', { name: 'private-c' }).first().waitFor();
    const tab = await k.open('/dashboard', { beside: page });
    await tab.getByRole('cell', { name: 'private-c' }).first().waitFor();

    await press(page, 'Sign out');
    await page.waitForURL(/\/sign-in/);
    await page.waitForLoadState('networkidle');
    const anywhere = async p => (await p.content())
      + await p.evaluate(() => document.title);

    await page.goBack();
    await page.waitForURL(/\/sign-in/);
    assert.doesNotMatch(await anywhere(page), /private-c|@example/);
    assert.deepEqual(await page.evaluate(async () => [localStorage.length,
      sessionStorage.length, (await indexedDB.databases()).length,
      (await caches.keys()).length]), [0, 0, 0, 0], 'nothing is kept');
    assert.deepEqual((await page.context().cookies()).map(c => c.name), []);

    // a tab that was left open
    await tab.waitForURL(/\/sign-in\?next=%2Fdashboard/);
    assert.doesNotMatch(await anywhere(tab), /private-c|@example/);

    // and nobody gets further without a session
    const stranger = await k.open('/dashboard#log');
    await stranger.waitForURL(/\/sign-in\?next=%2Fdashboard%23log/);
  },

  'two windows, two people': async k => {
    const page = await enter(k);
    const ours = page.email;
    const other = { email: `other.${ours}`, password };
    const post = (path, data) => page.request.post(`${k.base}/auth/${path}`,
      { data });
    const seen = email => page.getByText(`You are \u2068${email}`).waitFor();

    // what nobody announces is noticed before something is done ...
    await api(page, 'POST', 'totp/register', { clientId: 'private-c' });
    await page.reload();
    await manage(page, 'private-c', 'Delete');
    await post('register', other);
    await post('login', other);
    await press(dialog(page), 'Delete');
    await page.locator('#said').getByText('Somebody else').waitFor();
    await gone(page);
    assert.doesNotMatch(await page.content(), /private-c/);
    assert.equal(await page.evaluate(() => document.activeElement.textContent),
      'Reload the page');
    await k.axe(page);
    await press(page, 'Reload the page');
    await page.getByText('No clients here').waitFor();
    const registered = async () => (await api(page, 'GET', 'totp')).total;
    assert.equal(await registered(), 0);

    // ... also by what the set-up of a factor calls
    await page.goto(`${k.base}/dashboard#security`);
    await seen(other.email);
    await post('login', { email: ours, password });
    await press(page, 'Turn on');
    await page.locator('#said').getByText('Somebody else').waitFor();
    await gone(page);
    await press(page, 'Reload the page');
    await seen(ours);
    assert.equal(await registered(), 1);

    // and by who looks at the window again
    await post('login', other);
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await seen(other.email);
    await post('login', { email: ours, password });
    await page.evaluate(() => document.dispatchEvent(
      new Event('visibilitychange')));
    await seen(ours);

    // the page to sign in tells the other windows
    const tab = await k.open('/sign-in', { beside: page });
    await press(tab, 'Sign out');
    await page.waitForURL(/sign-in\?next/);
    await page.goto(`${k.base}/sign-in`);
    await post('login', { email: ours, password });
    await page.goto(`${k.base}/dashboard#security`);
    await seen(ours);
    await tab.getByLabel('Email').fill(other.email);
    await tab.getByLabel('Password').fill(password);
    await press(tab, 'Sign in');
    await tab.waitForURL(/dashboard/);
    await seen(other.email);
  },

  'a page that is left is empty': async k => {
    const page = await enter(k);
    await api(page, 'POST', 'totp/register', { clientId: 'private-c' });
    await page.reload();
    await page.getByRole('cell', { name: 'private-c' }).first().waitFor();
    const left = await page.evaluate(() => {
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      return document.documentElement.outerHTML;
    });
    assert.doesNotMatch(left, /private-c|@example/);
    await page.evaluate(() => dispatchEvent(
      new PageTransitionEvent('pageshow', { persisted: true })));
    await page.getByRole('cell', { name: 'private-c' }).first().waitFor();
  },
};
