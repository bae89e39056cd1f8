// A second factor and its recovery codes, in an element of any page's; it is
// empty again when the promise is kept.
//
//   await enrol(where, { code, bearer, email });
//   await recovery(where, { code });
//
// code is one of the factor that there is already; bearer the token of a login
// that has to set one up: without a session there are no recovery codes.

import { auth, copy, el, groups, onsubmit, open, say, t } from '/js/base.js';

export const field = (name, key, attributes) => [
  el('label', { for: name }, t(key)),
  el('input', { id: name, name, required: true, ...attributes })];

export const codeField = key => field('code', key,
  { inputmode: 'numeric', autocomplete: 'one-time-code' });

const button = (key, onclick, kind) =>
  el('button', { type: 'button', class: kind, onclick }, t(key));

const copier = text => navigator.clipboard && button('enrol.copy',
  e => copy(text, e.currentTarget), 'quiet');

// A step begins with its heading, for who listens, too

function show(where, key, ...content) {
  const heading = el('h2', { tabindex: -1 }, t(key));

  where.replaceChildren(heading, ...content);
  heading.focus();
}


export async function enrol(where, { code, bearer, email } = {}) {
  const ask = (path, body) => bearer ? open('POST', path, body, bearer)
                                     : auth('POST', path, body);
  const { secret, otpauthUrl, qrCode } = await ask('2fa/setup',
    { token: code });

  const form = el('form', {},
    el('input', { autocomplete: 'username', value: email, hidden: true }),
    codeField('enrol.code'),
    el('p', { role: 'alert', hidden: true }),
    el('button', {}, t('enrol.confirm')));

  await new Promise(done => {
    onsubmit(form, async ({ code: token }) => {
      await ask('2fa/verify-setup', { token, secret });
      done();
    });

    show(where, 'enrol.scan', el('p', {}, t('enrol.how')),
      el('img', { class: 'qr', src: qrCode, alt: t('enrol.qr') }),
      el('p', {}, el('a', { href: otpauthUrl }, t('enrol.here'))),
      el('p', { class: 'row' }, t('enrol.secret'),
        el('code', {}, groups(secret)), copier(secret)), form);
  });

  say('');
  if (!bearer) {
    await recovery(where);
  }
  where.replaceChildren();
}


export async function recovery(where, { code } = {}) {
  const { recoveryCodes } = await auth('POST', '2fa/recovery-codes',
    { token: code });
  const text = recoveryCodes.join('\n');
  const href = URL.createObjectURL(new Blob([text, '\n']));

  await new Promise(done => show(where, 'enrol.codes',
    el('p', {}, t('enrol.keep')),
    el('pre', {}, text),
    el('div', { class: 'row' }, copier(text), el('a', { class: 'button', href,
      download: 'recovery-codes.txt' }, t('enrol.download')),
    button('enrol.done', done))));

  URL.revokeObjectURL(href);
  where.replaceChildren();
}
