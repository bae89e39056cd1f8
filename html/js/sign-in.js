// Signing in: /sign-in
//
//   ?next=/path   where to go on, instead of to the dashboard
//   ?need=otp     with a code alone, while there is a session
//   ?new          opens an account first
//   #inv_…        an invitation: chooses a password first
//
// Any other fragment belongs to where one wanted to be: browsers carry it along
// when a gate sends them here.

import { $, AUTH, announce, complain, el, kept, onsubmit, open, say, speak, t }
  from '/js/base.js';
import { codeField, enrol, field, recovery } from '/js/enrol.js';

// At the end, next may stand unescaped, query and all, for who cannot escape:
// then what follows it is no word to this page.
const [, before = location.search, raw] =
  /^(.*?[?&])next=(\/[^&]*\?.*)/.exec(location.search) ?? [];
const query = new URLSearchParams(before);
const next = raw ?? query.get('next');

// An invitation goes from the address that is shown, and from what a reload or
// the back button would find. The browser's own history may keep the link.
const invited = () => /^#inv_[a-z2-7]{26}_/.test(location.hash);
const invitation = invited() && location.hash.slice(1);

if (invitation) {
  history.replaceState(null, '', location.href.split('#')[0]);
}
addEventListener('hashchange', () => invited() && location.reload());

let email = '';
let temp;       // token of a login that waits for its code
let fresh;      // a factor without recovery codes


// A path of this origin, with the fragment that came along if it has none of its
// own. Browsers take "/\" for "//", and drop tabs and line ends.

function target() {
  const path = /^\/(?![/\\])/.test(next) ? next : '/dashboard';
  const url = new URL(path, location.origin);

  if (url.origin !== location.origin) {
    throw new Error('another host');
  }
  url.hash ||= location.hash;
  return url;
}

function go() {
  let to = '/dashboard';

  try {
    to = target();
  } catch {
    // what is no address of this host leads home
  }
  announce();
  location.replace(to);
}


function show(step, title, said = '') {
  step.id = 'step';
  step.prepend(el('h1', { tabindex: -1 }, t(title)));
  $('step').replaceWith(step);
  document.title = `${t(title)} – Kanda`;
  say(said);
  (step.querySelector('input:invalid') ?? step.firstChild).focus();
}

function form(title, work, action, body, other, said) {
  const step = el('form', {}, body, el('p', { role: 'alert', hidden: true }),
    el('div', { class: 'row' }, el('button', {}, t(action)), other));

  onsubmit(step, work);
  show(step, title, said);
}

const other = (key, step) => el('button', { type: 'button', class: 'quiet',
  onclick() {
    email = $('email')?.value ?? email;
    step();
  } }, t(key));

const plain = { autocapitalize: 'none', autocomplete: 'off',
  spellcheck: 'false' };

const username = hidden => field('email', 'signin.email', { ...plain, hidden,
  inputmode: 'email', autocomplete: 'username', value: email });

const password = (key, autocomplete, rule) => field('password', key,
  { type: 'password', autocomplete, 'aria-describedby': rule });

const newPassword = () => [password('signin.new', 'new-password', 'rule'),
  el('p', { id: 'rule', class: 'hint' }, t('signin.rule'))];


const toSignIn = said => form('signin.title', signIn, 'signin.title',
  [username(), password('signin.password', 'current-password')],
  other('signin.up', toSignUp), said);

const toSignUp = () => form('signin.up', signUp, 'signin.up',
  [username(), newPassword()], other('signin.back', toSignIn));

// The username is for password managers.

const second = (input, link) => form('signin.second', prove,
  'signin.go', [username(true)[1], input], link);

const toCode = () => second(codeField('signin.code'),
  other('signin.lost', toRecovery));

const toRecovery = () => second(field('code', 'signin.recovery', plain),
  other('signin.found', toCode));

const toPassword = () => form('signin.welcome', accept, 'signin.save',
  [el('p', {}, t('signin.invited')), newPassword()],
  other('signin.back', toSignIn));

const toSession = () => form('signin.in', signOut, 'signin.out',
  el('p', {}, email),
  el('a', { class: 'button', href: '/dashboard' }, t('signin.go')));

function toFactor(said) {
  const place = el('div');
  show(el('section', {}, place), 'signin.second', said);
  return place;
}

const fail = e => e.over
  || complain(e, $('step').querySelector('[role=alert]'));

function begin(e) {
  toSignIn();
  fail(e);
}


async function signIn(given) {
  email = given.email.trim();

  try {
    temp = (await open('POST', 'login', { ...given, email })).tempToken;
    (temp ? toCode : go)();
  } catch (e) {
    if (e.code !== '2fa_setup_required') {
      throw e;
    }
    setUp(e.body.tempToken).catch(begin);
  }
}

async function signUp(given) {
  await open('POST', 'register', { ...given, email: given.email.trim() });
  await signIn(given);
}

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

  await (fresh ? recovery(toFactor()).then(go, begin) : go());
}

// Without a session, recovery codes have to wait for one.

async function setUp(bearer) {
  await enrol(toFactor(t('signin.needed')), { bearer, email });

  if (!bearer) {
    return go();
  }
  fresh = true;
  toSignIn(t('signin.again'));
}

async function accept({ password }) {
  await open('POST', 'accept-invitation', { token: invitation, password });
  toSignIn(t('signin.accepted'));
}

async function signOut() {
  await open('POST', 'logout');
  announce();
  email = '';
  toSignIn(t('signin.left'));
}


// A session is of no use where a gate has sent somebody to sign in.

async function start() {
  const need = query.get('need') === 'otp';

  if (invitation) {
    return toPassword();
  }
  if (query.has('new')) {
    return toSignUp();
  }

  toSignIn();

  // what is typed while the answer takes its time stays
  const step = $('step');
  let touched = false;
  ['beforeinput', 'submit'].forEach(name =>
    step.addEventListener(name, () => { touched = true; }));

  if (next !== null && !need) {
    return;
  }

  const me = await kept('GET', `${AUTH}/me`);

  if (touched || !step.isConnected) {
    return;
  }
  email = me.email;
  if (need && !me.isTotpEnabled) {
    return setUp().catch(begin);
  }
  (need ? toCode : toSession)();
}

await speak();
await start().catch(fail);
