// What people do at /sign-in, from opening an account to signing out.

import assert from 'node:assert/strict';
import {
  password, someone, ask, answer, account, administer, heading, press, type,
  alerted, told, at, focused, signIn, prove, enrol, keep, me, grow
} from './parts.mjs';

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
};
