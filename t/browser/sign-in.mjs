// What people do at /sign-in, from opening an account to signing out.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';

const password = 'correct horse battery staple';
let number = 0;
const someone = () => `someone${++number}@example.com`;


// Accounts by the API, from a page's own browser

const ask = (page, path, data, headers) => page.request.post(
  `${new URL(page.url()).origin}/auth/${path}`, { data, headers });

async function answer(page, path, data, headers) {
  const said = await ask(page, path, data, headers);
  assert.ok(said.ok(), `${path}: ${said.status()} ${await said.text()}`);
  return said.json();
}

async function account(k, page, { factor = false } = {}) {
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

const administer = (k, path, data) => new Promise((done, fail) => {
  const call = request({ socketPath: k.given.admin, method: 'POST',
    path: `/admin/${path}`, headers: { 'Content-Type': 'application/json' },
  }, async answer => done(JSON.parse(
    Buffer.concat(await answer.toArray()).toString())));

  call.on('error', fail).end(data && JSON.stringify(data));
});


// What a person sees and does

const heading = (page, name, level = 1) =>
  page.getByRole('heading', { name, level, exact: true }).waitFor();
const press = (page, name) =>
  page.getByRole('button', { name, exact: true }).click();
const type = (page, label, text) =>
  page.getByLabel(label, { exact: true }).fill(text);
const alerted = (page, pattern) =>
  page.getByRole('alert').filter({ hasText: pattern }).waitFor();
const told = (page, pattern) =>
  page.getByRole('status').filter({ hasText: pattern }).waitFor();
const at = (page, path) => page.waitForURL(new URL(path, page.url()).href);

const focused = page => page.evaluate(() => {
  const e = document.activeElement;
  return e.id || `${e.localName}: ${e.textContent}`;
});

async function signIn(page, email, secret = password) {
  await heading(page, 'Sign in');
  await type(page, 'Email', email);
  await type(page, 'Password', secret);
  await press(page, 'Sign in');
}

async function prove(page, code) {
  await heading(page, 'Second factor');
  await type(page, 'Code from your authenticator app', code);
  await press(page, 'Continue');
}

// Through the enrolment; what it shows is looked at.

async function enrol(k, page, { name = null, codes = true } = {}) {
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

async function keep(page) {
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

const me = page => page.evaluate(async () =>
  (await fetch('/auth/me')).json());


// A quarter of an hour goes by for the factor that this account's sessions have
// shown.

function grow(k, id) {
  execFileSync('redis-cli', ['-s', k.given.redis, 'EVAL', `
    for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
      redis.call('HSET', key, 'f', ARGV[2])
    end`, '0', `kanda:{${id}}:session:*`, `${Date.now() - 901000}`]);
}


// Where each next leads; whoever is tricked leaves this origin.

const home = '/dashboard';
const nexts = {
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

async function arrive(page) {
  await page.locator('#step p').waitFor({ state: 'attached' });
  await page.evaluate(() => {
    const form = document.getElementById('step');
    form.elements.email.value = form.elements.password.value = 'x';
    form.requestSubmit();
  });
  await page.waitForURL(url => url.pathname !== '/sign-in');
  return page.url();
}


export default {
  'opens an account, adds a factor, signs out and in again': async k => {
    const page = await k.open('/sign-in');
    const email = someone();

    await heading(page, 'Sign in');
    assert.equal(await focused(page), 'email');
    assert.equal(await page.title(), 'Sign in – Kanda');
    await k.looks(page, 'sign-in');

    await type(page, 'Email', email);
    await press(page, 'Open an account');
    await heading(page, 'Open an account');
    assert.equal(await page.title(), 'Open an account – Kanda');
    assert.equal(await page.inputValue('#email'), email, 'typed once');
    assert.equal(await focused(page), 'password');
    await k.looks(page, 'sign-up');
    await type(page, 'New password', password);
    await press(page, 'Open an account');
    await at(page, '/dashboard');

    // the factor, where a gate wants one
    await page.goto(`${k.base}/otp/inside.html?a=1&b=%2F`);
    await told(page, /second factor is needed/);
    const { uri, code, recoveryCodes } = await enrol(k, page,
      { name: 'sign-in' });
    assert.equal(decodeURIComponent(uri.pathname), `/Kanda:${email}`);
    await at(page, '/otp/inside.html?a=1&b=%2F');
    await heading(page, 'Inside');
    assert.equal((await me(page)).isTotpEnabled, true);

    // out
    await page.goto(`${k.base}/sign-in`);
    await heading(page, 'You are signed in');
    assert.equal(await focused(page), 'h1: You are signed in');
    await page.getByText(email, { exact: true }).waitFor();
    await k.looks(page, 'session');
    await press(page, 'Sign out');
    await told(page, /You are signed out/);
    assert.deepEqual((await page.context().cookies()).map(c => c.name)
      .filter(n => n !== 'csrf-token'), []);

    // and in, with a code
    await signIn(page, email);
    await heading(page, 'Second factor');
    assert.equal(await focused(page), 'code');
    await k.looks(page, 'code');
    await prove(page, '123');
    await alerted(page, /wrong or was used before/);
    assert.equal(await focused(page), 'code');
    await prove(page, await code());
    await at(page, '/dashboard');

    // and with a recovery code, once
    for (const right of [true, false]) {
      await answer(page, 'logout');
      await page.goto(`${k.base}/sign-in`);
      await signIn(page, email);
      await press(page, 'Use a recovery code');
      await heading(page, 'Second factor');
      assert.equal(await focused(page), 'code');
      if (right) {
        await k.looks(page, 'recovery');
      }
      await type(page, 'One of your recovery codes',
        recoveryCodes[0].toUpperCase());
      await press(page, 'Continue');
      await (right ? at(page, '/dashboard')
        : alerted(page, /wrong or was used before/));
    }
    await press(page, 'Use the app');
    await page.getByLabel('Code from your authenticator app').waitFor();
  },

  'says what is wrong': async k => {
    const page = await k.open('/sign-in');
    const { email } = await account(k, page);

    await signIn(page, email, 'wrong');
    await alerted(page, 'Email or password is wrong. Try again.');
    assert.equal(await focused(page), 'password');
    await k.looks(page, 'wrong');
    assert.equal(await page.inputValue('#email'), email, 'typed once');
    await press(page, 'Open an account');
    await type(page, 'New password', password);
    await press(page, 'Open an account');
    await alerted(page, /There is an account with this email/);
    assert.equal(await focused(page), 'email');

    for (const [given, secret, pattern] of [
      ['nobody', password, /no email address/],
      [someone(), 'short', /too short/],
      [someone(), 'x'.repeat(129), /too long/],
      [someone(), 'password1', /most common/],
      ['mine@example.com', 'mine@example.com', /is the email/],
    ]) {
      await type(page, 'Email', given);
      await type(page, 'New password', secret);
      await press(page, 'Open an account');
      await alerted(page, pattern);
    }
    await press(page, 'Back to sign-in');
    await heading(page, 'Sign in');

    // a limit of the account's, and one of nginx's
    for (let i = 0; i < 5; i++) {
      await ask(page, 'login', { email, password: 'wrong' });
    }
    await signIn(page, email);
    await alerted(page, /Too many tries\. Try again in \d+ seconds/);

    await page.route('**/auth/login', route => route.fulfill({ status: 429,
      json: { title: 'Too Many Requests', status: 429 } }));
    await press(page, 'Sign in');
    await alerted(page, /Wait a minute/);
    await page.unroute('**/auth/login');

    k.allow(/ERR_INTERNET_DISCONNECTED/);
    await page.context().setOffline(true);
    await press(page, 'Sign in');
    await alerted(page, /cannot be reached/);
    await page.context().setOffline(false);

    await page.goto(`${k.given.closed}/sign-in?new`);
    await type(page, 'Email', someone());
    await type(page, 'New password', password);
    await press(page, 'Open an account');
    await alerted(page, /Ask who runs this for an invitation/);
  },

  'steps up': async k => {
    const page = await k.open('/inside');
    const { email, code, recoveryCodes } =
      await account(k, page, { factor: true });

    // a gate sends to sign in, and by that to where one wanted to be
    await page.goto(`${k.base}/user/inside.html?x=1&y=%26`);
    assert.equal(page.url(), `${k.base}/sign-in?next=`
      + '%2Fuser%2Finside.html%3Fx%3D1%26y%3D%2526');
    await signIn(page, email);
    await prove(page, recoveryCodes[0]);
    await at(page, '/user/inside.html?x=1&y=%26');
    await heading(page, 'Inside');

    // the factor grows old, and so does the access token
    await page.goto(`${k.base}/otp/inside.html`);
    await heading(page, 'Inside');
    grow(k, (await me(page)).sub);
    await page.context().clearCookies({ name: 'accessToken' });
    await page.goto(`${k.base}/otp/inside.html?z`);
    assert.equal(new URL(page.url()).searchParams.get('need'), 'otp');
    await heading(page, 'Second factor');
    assert.equal(await page.locator('[autocomplete=username]').inputValue(),
      email, 'for password managers');
    await page.context().clearCookies({ name: 'accessToken' });
    await prove(page, '000000');
    await alerted(page, /wrong or was used before/);
    await prove(page, await code());
    await at(page, '/otp/inside.html?z');
    await heading(page, 'Inside');

    // a session that ends meanwhile
    await page.goto(`${k.base}/sign-in?need=otp&next=%2Finside`);
    await heading(page, 'Second factor');
    await answer(page, 'logout');
    await prove(page, '000000');
    await told(page, /took too long/);
    await heading(page, 'Sign in');
    assert.equal(await page.inputValue('#email'), email);

    // and nobody at all
    await page.goto(`${k.base}/sign-in?need=otp&next=%2Finside`);
    await signIn(page, (await account(k, page)).email);
    await at(page, '/inside');
  },

  'a login waits for its code, but not for ever': async k => {
    const page = await k.open('/sign-in');
    const { email, code } = await account(k, page, { factor: true });

    await page.route('**/auth/2fa/verify', route => route.continue({
      postData: JSON.stringify({ totpCode: '000000', tempToken: 'old' }) }));
    await signIn(page, email);
    await prove(page, '000000');
    await told(page, /took too long/);
    await page.unroute('**/auth/2fa/verify');
    await signIn(page, email);
    await prove(page, await code());
    await at(page, '/dashboard');
  },

  'sets up what has to be': async k => {
    const page = await k.open();
    const email = someone();

    await page.goto(`${k.given.forced}/sign-in?new&next=%2Finside`);
    await heading(page, 'Open an account');
    await type(page, 'Email', email);
    await type(page, 'New password', password);
    await press(page, 'Open an account');
    await told(page, /second factor is needed/);
    const { code } = await enrol(k, page, { codes: false });

    await told(page, /Sign in again, with its next code/);
    assert.equal(await page.inputValue('#email'), email);
    assert.equal(await focused(page), 'password');
    await k.looks(page, 'again');
    await signIn(page, email);
    await prove(page, await code());
    await keep(page);
    await press(page, 'I have kept them');
    await at(page, '/inside');
  },

  'an enrolment that fails can be begun again': async k => {
    const page = await k.open('/sign-in');
    await answer(page, 'login', { password,
      email: (await account(k, page)).email });

    await page.route('**/auth/2fa/setup', route => route.fulfill(
      { status: 503, json: { error: 'x', code: 'UNAVAILABLE' } }));
    k.allow(/status of 503/);
    await page.goto(`${k.base}/sign-in?need=otp&next=/inside`);
    await alerted(page, /cannot decide this right now/);
    await page.unroute('**/auth/2fa/setup');

    await page.reload();
    await heading(page, 'Add it to your app', 2);
    const tab = await k.open('/sign-in?need=otp', { beside: page });
    await heading(tab, 'Add it to your app', 2);
    await type(page, 'Code that the app shows', '123456');
    await press(page, 'Turn on');
    await alerted(page, /picture is too old. Reload the page/);
  },

  'accepts an invitation': async k => {
    const page = await k.open();
    const email = someone();
    const { link, invitation, userId } =
      await administer(k, 'accounts', { email });
    const sent = [];

    assert.equal(link, `${k.base}/sign-in#${invitation}`);
    page.on('request', request => sent.push(request.url()));
    await page.goto(link);
    await heading(page, 'Choose a password');
    assert.equal(page.url(), `${k.base}/sign-in`);
    await k.looks(page, 'invitation');
    await type(page, 'New password', 'password1');
    await press(page, 'Save the password');
    await alerted(page, /most common/);
    await press(page, 'Back to sign-in');
    await heading(page, 'Sign in');

    // the same in the same tab, which has been replaced meanwhile
    const other = await administer(k, `accounts/${userId}/invitation`);
    for (const [token, says] of [[invitation, /Ask for another/],
      [invitation.slice(0, -3), /Ask for another/], [other.invitation, null]]) {
      await page.evaluate(hash => { location.hash = hash; }, token);
      await page.waitForURL(/sign-in$/);
      await heading(page, 'Choose a password');
      await type(page, 'New password', password);
      await press(page, 'Save the password');
      await (says ? alerted(page, says) : told(page, /Sign in with it/));
    }
    assert.ok(!sent.some(url => url.includes(userId)
      && !url.includes('#')), 'in no request');
    await signIn(page, email);
    await at(page, '/dashboard');
  },

  'keeps the fragment that one came with': async k => {
    const page = await k.open('/inside');
    const { email, code } = await account(k, page, { factor: true });

    await page.goto(`${k.base}/user/inside.html?x#section-2`);
    assert.match(page.url(), /\/sign-in\?next=.*#section-2$/);
    await heading(page, 'Sign in');
    await page.reload();
    await signIn(page, email);
    await prove(page, await code());
    await at(page, '/user/inside.html?x#section-2');

    // where a code alone is missing, and where next has a fragment of its own
    grow(k, (await me(page)).sub);
    await page.goto(`${k.base}/otp/inside.html#section-3`);
    await prove(page, await code());
    await at(page, '/otp/inside.html#section-3');
    await heading(page, 'Inside');
    await page.goto(`${k.base}/sign-in?next=%2Finside%23own#inv_other`);
    await signIn(page, (await account(k, page)).email);
    await at(page, '/inside#own');
  },

  'takes only its own words, at any address of its own': async k => {
    const page = await k.open();

    for (const query of ['next=/inside?a=1&new&need=otp', 'x#sign-up', 'next=/%09/[']) {
      await page.goto(`${k.base}/sign-in?${query}`);
      await page.getByRole('button', { name: 'Open an account' }).waitFor();
      await heading(page, 'Sign in');
    }
    await page.goto(`${k.base}/sign-in?new&next=/inside?a`);
    await heading(page, 'Open an account');
    await page.goto(`${k.base}//sign-in#inv_${'a'.repeat(26)}_x`);
    await heading(page, 'Choose a password');
    assert.equal(page.url(), `${k.base}//sign-in`);
  },

  'goes nowhere else': async k => {
    const page = await k.open('/sign-in');
    const { email } = await account(k, page);

    page.on('dialog', dialog => {
      k.faults.push(`dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });

    await page.goto(`${k.base}/sign-in?next=%2Finside`);
    await signIn(page, email);
    await at(page, '/inside');

    // what the page makes of a next is the same after every sign-in: from here
    // on they are made up, and so is where they lead
    await page.context().route(
      url => url.origin !== k.base
        || !/^\/(sign-in|js\/|lang\/|kanda\.css)/.test(url.pathname),
      route => route.fulfill(/auth\/login/.test(route.request().url())
        ? { json: { success: true } }
        : { contentType: 'text/html',
          body: '<link rel="icon" href="data:,">' }));

    const all = Object.entries(nexts);
    const tabs = [page];
    for (let i = 0; i < 3; i++) {
      tabs.push(await k.open(null, { beside: page }));
    }

    await Promise.all(tabs.map(async tab => {
      while (all.length) {
        const [next, wanted] = all.pop();
        await tab.goto(`${k.base}/sign-in?next=${next}`);
        assert.equal(await arrive(tab), k.base + wanted, `next=${next}`);
      }
    }));
  },

  'works with the keyboard alone': async k => {
    const page = await k.open('/sign-in');
    const email = someone();
    const keys = page.keyboard;

    await heading(page, 'Sign in');
    await keys.type(email);
    for (const id of ['password', 'button: Sign in',
                      'button: Open an account']) {
      await keys.press('Tab');
      assert.equal(await focused(page), id);
    }
    await keys.press('Enter');
    await heading(page, 'Open an account');
    await keys.type('short');
    await keys.press('Enter');
    await alerted(page, /too short/);
    await keys.press('Control+A');
    await keys.type(password);
    await keys.press('Tab');
    await keys.press('Enter');
    await at(page, '/dashboard');

    await page.goto(`${k.base}/sign-in?need=otp&next=/inside`);
    await heading(page, 'Add it to your app', 2);
    const secret = (await page.locator('code').textContent())
      .replaceAll(' ', '');
    for (const id of ['a: Open the app on this device', 'button: Copy',
                      'code']) {
      await keys.press('Tab');
      assert.equal(await focused(page), id);
    }
    await keys.type(await k.codes(secret)());
    await keys.press('Enter');
    await heading(page, 'Your recovery codes', 2);
    for (const id of ['button: Copy', 'a: Download',
                      'button: I have kept them']) {
      await keys.press('Tab');
      assert.equal(await focused(page), id);
    }
    await keys.press('Enter');
    await at(page, '/inside');
  },

  'speaks German': async k => {
    const page = await k.open('/sign-in', { locale: 'de-DE', phone: true });
    const email = someone();

    await heading(page, 'Anmelden');
    assert.equal(await page.evaluate('document.documentElement.lang'), 'de');
    assert.equal(await page.title(), 'Anmelden – Kanda');
    await signInGerman(page, email);
    await alerted(page, 'E-Mail oder Passwort ist falsch.');
    await k.looks(page, 'anmelden');
    await press(page, 'Konto eröffnen');
    await type(page, 'Neues Passwort', 'passwort');
    await press(page, 'Konto eröffnen');
    await alerted(page, /häufigsten/);
    await type(page, 'Neues Passwort', password);
    await press(page, 'Konto eröffnen');
    await at(page, '/dashboard');

    await page.goto(`${k.base}/sign-in?need=otp&next=/inside`);
    await told(page, /zweiter Faktor nötig/);
    await heading(page, 'Zur App hinzufügen', 2);
    await k.looks(page, 'hinzufuegen');
    const secret = new URL(await k.decodeQr(page, 'img.qr'))
      .searchParams.get('secret');
    await type(page, 'Code, den die App zeigt', '000000');
    await press(page, 'Einschalten');
    await alerted(page, /falsch oder schon verwendet/);
    await type(page, 'Code, den die App zeigt', await k.codes(secret)());
    await press(page, 'Einschalten');
    await heading(page, 'Ihre Wiederherstellungscodes', 2);
    await k.looks(page, 'wiederherstellung');
    await press(page, 'Ich habe sie aufbewahrt');
    await at(page, '/inside');
  },

  'shows markup as text': async k => {
    const page = await k.open('/sign-in?new');
    const email = '"<img/src=x/onerror=alert(1)>"@example.com';

    page.on('dialog', dialog => {
      k.faults.push(`dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
    await type(page, 'Email', email);
    await type(page, 'New password', password);
    await press(page, 'Open an account');
    await at(page, '/dashboard');
    await page.goto(`${k.base}/sign-in`);
    await page.getByText(email, { exact: true }).waitFor();
    await page.goto(`${k.base}/sign-in?need=otp`);
    const { uri } = await enrol(k, page);
    assert.equal(decodeURIComponent(uri.pathname), `/Kanda:${email}`);
    assert.equal(await page.locator('img[src=x]').count(), 0);

    // and so is what the service says
    const other = await k.open('/sign-in');
    await other.route('**/auth/login', route => route.fulfill({ status: 400,
      json: { error: '<b>bold</b>{detail}' } }));
    await signIn(other, email);
    await alerted(other, '<b>bold</b>{detail}');
  },

  'works where texts do not come': async k => {
    const answers = [{ status: 503, json: { title: 'x', status: 503 } },
      { contentType: 'text/html', body: '<!doctype html>' }, { body: '' },
      { json: null }];

    k.allow(/status of 503|net::ERR_FAILED/);
    for (const told of [...answers, null]) {
      const page = await k.open(null, { locale: 'de-DE' });
      await page.route('**/lang/*', route =>
        told ? route.fulfill(told) : route.abort());
      await page.goto(`${k.base}/sign-in?next=/inside`);
      await heading(page, 'Sign in');
      assert.equal(await page.evaluate('document.documentElement.lang'), 'en');
      await page.getByRole('button', { name: 'Open an account' }).waitFor();
      const { email } = await account(k, page);
      await page.route('**/auth/login', route => route.abort());
      await signIn(page, email);
      await alerted(page, /cannot be reached. Reload/);
      await page.unroute('**/auth/login');
      await press(page, 'Sign in');
      await at(page, '/inside');
    }

    // one language alone
    const page = await k.open(null, { locale: 'de-DE' });
    await page.route('**/lang/de.json', route => route.fulfill(answers[0]));
    await page.goto(`${k.base}/sign-in?new`);
    await heading(page, 'Open an account');
    await page.getByLabel('New password').waitFor();
    assert.equal(await page.evaluate('document.documentElement.lang'), 'en');
  },

  'what is typed stays': async k => {
    const page = await k.open('/sign-in');
    const { email } = await account(k, page);
    let late;
    const wait = new Promise(done => { late = done; });

    await answer(page, 'login', { email, password });
    await page.route('**/auth/me', async route => {
      const response = await route.fetch();
      await wait;
      await route.fulfill({ response });
    });
    await page.goto(`${k.base}/sign-in`);
    await type(page, 'Email', 'another@example.com');
    late();
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(100);
    assert.equal(await page.inputValue('#email'), 'another@example.com');
  },

  'password managers find their fields': async k => {
    const page = await k.open('/sign-in');
    const { email } = await account(k, page, { factor: true });
    const fields = () => page.locator('form#step').evaluate(form =>
      [...form.querySelectorAll('input')].map(i =>
        `${i.type} ${i.autocomplete} ${i.inputMode} ${i.hidden} ${i.value}`));

    await heading(page, 'Sign in');
    assert.deepEqual(await fields(), ['text username email false ',
      'password current-password  false ']);
    await press(page, 'Open an account');
    assert.deepEqual(await fields(), ['text username email false ',
      'password new-password  false ']);
    await press(page, 'Back to sign-in');
    await signIn(page, email);
    await heading(page, 'Second factor');
    assert.deepEqual(await fields(), [`text username email true ${email}`,
      'text one-time-code numeric false ']);
  },

  'says without JavaScript that it needs it': async k => {
    const page = await k.open('/sign-in', { javaScriptEnabled: false });

    await heading(page, 'Sign in');
    await page.getByText(/needs JavaScript/).waitFor();
    assert.equal(await page.getByRole('button', { disabled: false }).count(), 0,
      'no password goes into an address');
    await k.shot(page, 'without-script');
  },

  'is in no frame': async k => {
    const page = await k.open();

    k.allow(/frame-ancestors|chrome-error/);
    await page.setContent(`<iframe src="${k.base}/sign-in"></iframe>`);
    await page.waitForTimeout(300);
    assert.equal(await page.frames()[1].locator('form').count(), 0);
    assert.ok(k.faults.some(f => /frame-ancestors/.test(f)), 'it was refused');
  },
};

async function signInGerman(page, email) {
  await type(page, 'E-Mail', email);
  await type(page, 'Passwort', password);
  await press(page, 'Anmelden');
}
