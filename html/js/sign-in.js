// Signing in, and what belongs to it:
//
//   /sign-in?next=/path            where to go on; to the dashboard otherwise
//   /sign-in?need=otp&next=/path   a code alone, while there is a session
//   /sign-in?new                   an account to open
//   /sign-in#invitation            a password to choose

import { $, AUTH, complain, el, kept, onsubmit, open, say, speak, t }
  from '/js/base.js';
import { codeField, enrol, field, recovery } from '/js/enrol.js';

const query = new URLSearchParams(location.search);

// No address that is shown, copied or remembered has it.
const invitation = location.hash.slice(1);
history.replaceState(null, '', location.pathname + location.search);
addEventListener('hashchange', () => location.reload());

let email = '';
let temp = null;        // of a login that waits for its code
let fresh = false;      // a factor that has no recovery codes yet


// A path of this origin. It comes escaped, but not everybody who sends people
// here can do that: one with a query of its own may stand at the end as it is.
// Browsers take "/\" for "//", and drop tabs and line ends.

function go() {
  const next = /[?&]next=(\/[^&]*\?.*)/.exec(location.search)?.[1]
    ?? query.get('next') ?? '';
  const url = /^\/(?![/\\])/.test(next) && new URL(next, location.origin);

  location.replace(url && url.origin === location.origin ? url : '/dashboard');
}


function show(step, title, said = '') {
  step.id = 'step';
  step.prepend(el('h1', { tabindex: -1 }, t(title)));
  $('step').replaceWith(step);
  document.title = `${t(title)} – Kanda`;
  say(said);

  const fields = [...step.querySelectorAll('input:not([hidden])')];
  (fields.find(f => !f.value) ?? step.firstChild).focus();
}

function form(title, work, action, body, other, said) {
  const step = el('form', {}, body, el('p', { role: 'alert', hidden: true }),
    el('div', { class: 'row' }, el('button', {}, t(action)), other));

  onsubmit(step, work);
  show(step, title, said);
}

// Another step; it begins with the email that was typed.

const link = (key, step) => el('button', { type: 'button', class: 'quiet',
  onclick() {
    email = $('email').value;
    step();
  } }, t(key));

const username = attributes => field('email', 'signin.email', {
  inputmode: 'email', autocomplete: 'username', autocapitalize: 'none',
  spellcheck: 'false', value: email, ...attributes });

// for password managers
const who = () => username({ hidden: true })[1];

const newPassword = () => [field('password', 'signin.new', { type: 'password',
  autocomplete: 'new-password', 'aria-describedby': 'rule' }),
  el('p', { id: 'rule', class: 'hint' }, t('signin.rule'))];

const complainHere = e => complain(e, $('step').querySelector('[role=alert]'));


const toSignIn = said => form('signin.title', signIn, 'signin.title',
  [username(), field('password', 'signin.password', { type: 'password',
    autocomplete: 'current-password' })], link('signin.up', toSignUp), said);

async function signIn(given) {
  email = given.email.trim();

  try {
    const answer = await open('POST', 'login', { ...given, email });

    if (!answer.requiresTwoFactor) {
      return go();
    }
    temp = answer.tempToken;
    toCode();
  } catch (e) {
    if (e.code !== '2fa_setup_required') {
      throw e;
    }
    setUp(e.body.tempToken);
  }
}


const toSignUp = () => form('signin.up', signUp, 'signin.up',
  [username(), newPassword()], link('signin.back', toSignIn));

async function signUp({ email, password }) {
  await open('POST', 'register', { email: email.trim(), password });
  await signIn({ email, password });
}


const toCode = () => form('signin.second', prove, 'signin.continue',
  [who(), codeField('signin.code')], link('signin.lost', toRecovery));

const toRecovery = () => form('signin.second', prove, 'signin.continue',
  [who(), field('code', 'signin.recovery', { autocomplete: 'off',
    autocapitalize: 'none', spellcheck: 'false' })],
  link('signin.found', toCode));

async function prove({ code: totpCode }) {
  try {
    await (temp ? open('POST', '2fa/verify', { tempToken: temp, totpCode })
      : kept('POST', `${AUTH}/2fa/step-up`, { totpCode }));
  } catch (e) {
    if (!e.over && !/access token|not set up/.test(e.message)) {
      throw e;
    }
    temp = null;
    return toSignIn(t('signin.over'));
  }

  if (fresh) {
    await recovery(factor());
  }
  go();
}


// A place for the steps of a second factor

function factor(said) {
  const place = el('div');

  show(el('section', {}, el('p', { role: 'alert', hidden: true }), place),
    'signin.second', said);
  return place;
}

// With the token of a login that has to set up a factor first, there is no
// session yet: recovery codes have to wait for it.

async function setUp(bearer) {
  try {
    await enrol(factor(t('signin.needed')), { bearer, email });
  } catch (e) {
    return complainHere(e);
  }

  if (!bearer) {
    return go();
  }
  fresh = true;
  toSignIn(t('signin.again'));
}


const toPassword = () => form('signin.welcome', accept, 'signin.save',
  [el('p', {}, t('signin.invited')), newPassword()]);

async function accept({ password }) {
  await open('POST', 'accept-invitation', { token: invitation, password });
  toSignIn(t('signin.accepted'));
}


const toSession = () => form('signin.in', signOut, 'signin.out',
  [el('p', {}, email)],
  el('a', { class: 'button', href: '/dashboard' }, t('signin.continue')));

async function signOut() {
  await open('POST', 'logout');
  email = '';
  toSignIn(t('signin.left'));
}


// Where a gate has sent somebody, only a factor may be missing from a session,
// or else it is of no use there.

async function start() {
  const need = query.get('need') === 'otp';

  email = $('email').value;

  if (invitation) {
    return toPassword();
  }
  if (query.has('new')) {
    return toSignUp();
  }
  if (!need && query.has('next')) {
    return toSignIn();
  }

  try {
    const me = await kept('GET', `${AUTH}/me`);

    email = me.email;
    (need ? me.isTotpEnabled ? toCode : setUp : toSession)();
  } catch (e) {
    toSignIn();
    if (!e.over) {
      complainHere(e);
    }
  }
}

await speak();
await start();
