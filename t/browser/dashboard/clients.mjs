// Clients in the dashboard, of every kind.

import assert from 'node:assert/strict';
import {
  clear, hostile, enter, api, dialog, press, asked, gone, told, manage,
  validate, secretIn, kept, rows, cells
} from './parts.mjs';

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
    await page.getByText('21–40 of 45').waitFor();
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
};
