// /sign-in with odd addresses, browsers and texts.

import assert from 'node:assert/strict';
import {
  password, someone, answer, account, heading, press, type, alerted, told,
  at, focused, signIn, prove, enrol, me, grow, nexts, arrive, signInGerman
} from './parts.mjs';

export default {
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
