// The account itself: second factor, password, sessions, its end.

import { enrol } from '/js/enrol.js';
import { $, LIMIT, announce, ask, auth, button, check, codeField, complain, d,
  done, el, field, keep, list, once, row, sure, time } from '/js/parts.js';

let place, me, load, shown;

// Anew, unless another part was opened meanwhile

async function again(what) {
  const was = shown;
  const who = was.isConnected && await auth('GET', 'me');

  if (!was.isConnected) {
    return;
  }
  open(place, who);
  what && done(what, me.email);
  $('head').focus();
}

// What wants the second factor is tried without a code first: one that was shown
// a moment ago will do.

async function proven(what, path, next) {
  try {
    await next(await auth('POST', path, {}));
  } catch (e) {
    if (e.code !== '2fa_code_required') {
      throw e;
    }
    ask(d(what), [d('codeNeeded'), codeField()], async ({ code: token }) => {
      const answer = await auth('POST', path, { token });
      return () => next(answer);
    });
  }
}

const codes = () => proven('codes', '2fa/recovery-codes', a => once(d('codes'),
  a.recoveryCodes.join('\n') + '\n', 'recovery-codes.txt'));

const off = () => ask(d('off'), d('offSure'), () => () =>
  proven('off', '2fa/disable', () => again('off')), 'danger');

async function on() {
  const where = el('div');
  const box = keep(ask(d('on'), [where]));

  box.addEventListener('close', () => again().catch(e => complain(e)));
  try {
    await enrol(where, { email: me.email });
  } finally {
    box.close();
  }
}


// with whose it is, for the browser's list of passwords
const password = () => [
  field('email', { value: me.email, readonly: true, autocomplete: 'username' }),
  field('password', { type: 'password', required: true,
    autocomplete: 'current-password' })];

const change = () => ask(d('change'), [d('changeSure'), password(),
  field('newPassword', { type: 'password', required: true, minlength: 8,
    maxlength: 128, autocomplete: 'new-password' })
], async v => {
  await auth('POST', 'change-password',
    { currentPassword: v.password, newPassword: v.newPassword });
  return () => again('change');
});

const end = () => ask(d('end'), [d('endSure'), password(),
  check(d('endYes'), { required: true })], async v => {
  await auth('DELETE', 'account', { password: v.password });
  announce();
  location.replace('/');
}, 'danger');


// The API does not say which session is this one. One that is alone is; of
// several, those of the same browser may be.

async function sessions(offset) {
  const { sessions: all } = await auth('GET', 'sessions');

  return [all.slice(offset, offset + LIMIT).map(s => [
    [s.userAgent ?? '–', s.userAgent === navigator.userAgent
      ? el('b', {}, ` (${d(all.length > 1 ? 'alike' : 'here')})`) : ''],
    s.ipAddress, time(s.createdAt), time(s.expiresAt),
    button('stop', () => sure('stop', s.ipAddress,
      () => auth('DELETE', `sessions/${s.sessionHandle}`), () => load()))
  ]), all.length];
}

export function open(where, who) {
  [place, me] = [where, who];
  const part = (name, ...content) =>
    place.append(el('h2', {}, d(name)), ...content);

  place.replaceChildren();
  part('factor', el('p', {}, d(me.isTotpEnabled ? 'isOn' : 'isOff')),
    row(...me.isTotpEnabled
      ? [button('codes', codes), button('off', off, 'danger')]
      : [button('on', on, '')]));
  part('password', row(button('change', change)));
  part('sessions');
  load = list(place, 'sessions', ['agent', 'ip', 'created', 'ends', 'actions'],
    sessions);
  load();
  shown = place.firstChild;
  part('end', row(button('end', end, 'danger')));
}
