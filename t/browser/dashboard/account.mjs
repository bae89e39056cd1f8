// An account in the dashboard: its keys, its security, and who else sits there.

import assert from 'node:assert/strict';
import {
  password, clear, enter, api, program, dialog, press, asked, gone, told,
  manage, validate, kept, rows, cells
} from './parts.mjs';

export default {
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
