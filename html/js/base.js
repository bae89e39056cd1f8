// What every page needs: elements, texts, calls to the service, messages.
//
// Nothing here takes markup: what comes from the service or from people is
// always text.


// An element: el('p', { class: 'hint', onclick: f }, 'text', el('b', {}, 'x')).
// Attributes that are null, undefined or false are left out.

export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);

  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) {
      element.addEventListener(key.slice(2), value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? '' : value);
    }
  }

  element.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined));
  return element;
}

export const $ = id => document.getElementById(id);


// Texts, one file a language. English stands in the pages as well, for who has
// no JavaScript; {name} in a text is replaced.

const languages = ['en', 'de'];
let texts = {};

export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (all, name) =>
    values[name] ?? all);
}

// How the reader writes dates: en-GB, where the texts are en

export function locale() {
  const { lang } = document.documentElement;
  return navigator.languages.find(l => l.startsWith(lang)) ?? lang;
}

export async function speak() {
  const wanted = navigator.languages.map(l => l.slice(0, 2).toLowerCase());
  const chosen = wanted.find(l => languages.includes(l)) ?? 'en';

  texts = await (await fetch(`/lang/${chosen}.json`)).json();
  document.documentElement.lang = chosen;

  for (const e of document.querySelectorAll('[data-t]')) {
    e.textContent = t(e.dataset.t);
  }
  for (const e of document.querySelectorAll('[data-t-label]')) {
    e.setAttribute('aria-label', t(e.dataset.tLabel));
  }

  document.title = t(document.documentElement.dataset.title) + ' – Kanda';
}


// Where the service is mounted, as the page says.

const mount = name =>
  document.querySelector(`meta[name="kanda-${name}"]`)?.content ?? `/${name}`;

export const API = mount('api');
export const AUTH = mount('auth');


// What the service refused: status, code (one word), wait (seconds, or null).

export class Refused extends Error {
  constructor(status, body, wait) {
    super(body.error ?? body.detail ?? body.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = (body.code ?? '').toLowerCase();
    this.wait = wait;
    this.body = body;
  }

  // in the reader's language, where there is a text for its code or, since many
  // have none or share one, for what it says
  get text() {
    const said = this.message.toLowerCase().match(/\w+/g)?.join('_');
    const key = [this.code, said].map(k => `error.${k}`).find(k => k in texts);
    const text = key ? t(key)
      : this.status ? this.message : t('error.offline');
    return this.wait ? `${text} ${t('error.wait', { n: this.wait })}` : text;
  }
}

// The header that says what only a page of this host can read.

export function csrf() {
  const found = /(?:^|; )csrf-token=([0-9a-f]{32})(?:;|$)/.exec(document.cookie);
  return found ? { 'X-CSRF-Token': found[1] } : {};
}

async function once(method, url, body, headers) {
  const all = { ...headers, ...csrf() };

  if (body !== undefined) {
    all['Content-Type'] = 'application/json';
  }

  let answer;
  try {
    answer = await fetch(url, { method, headers: all, cache: 'no-store',
      body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, {}, null);
  }

  const json = await answer.json().catch(() => null);

  if (!answer.ok) {
    throw new Refused(answer.status, json ?? {}, answer.headers.get('Retry-After'));
  }

  if (!json) {                          // it was cut off
    throw new Refused(0, {}, null);
  }

  // a code is refused without a word in the body
  const reason = answer.headers.get('Kanda-Reason');
  return reason ? { ...json, reason } : json;
}

let refreshing = null;

// Calls the service by the session's cookies. An access token that is over is
// refreshed, once, whoever notices. What is refused because the session itself
// is over says so: e.over.

export async function kept(method, url, body) {
  try {
    return await once(method, url, body);
  } catch (e) {
    const over = url.startsWith(API) ? e.status === 401 && e.code === 'unauthorized'
      : e.status === 403 && e.code === '';
    if (!over) {
      throw e;
    }
  }

  refreshing ??= once('POST', `${AUTH}/refresh`).catch(e => {
    e.over = e.status === 401;
    throw e;
  }).finally(() => {
    refreshing = null;
  });
  await refreshing;

  return once(method, url, body);
}

// What a page wants to have looked at before it changes something

let first = () => {};
export const before = look => { first = look; };

// Another window may sign in or out, with the same cookies: it tells the others.

const windows = new BroadcastChannel('kanda');
export const announce = () => windows.postMessage('session');
export const announced = work => windows.addEventListener('message', work);

// The same for pages that are nothing without a session: it ends at the sign-in
// page.

export async function call(method, url, body) {
  try {
    if (method !== 'GET') {
      await first();
    }
    return await kept(method, url, body);
  } catch (e) {
    if (!e.over) {
      throw e;
    }
  }

  location.href = '/sign-in?next='
    + encodeURIComponent(location.pathname + location.search + location.hash);
  return new Promise(() => {});
}

export const auth = (method, path, body) => call(method, `${AUTH}/${path}`, body);
export const api = (method, path, body) => call(method, `${API}/${path}`, body);

// Without a session, or with a token of the caller's own.

export const open = (method, path, body, token) =>
  once(method, `${AUTH}/${path}`, body,
       token && { Authorization: `Bearer ${token}` });


// Says something where a screen reader listens: in the element with the role
// "alert" or "status" that is given, or in the page's own; there also what comes
// when the other has gone, as a dialog may have.

export function say(text, place) {
  const where = place?.isConnected ? place : $('said');
  where.textContent = text;
  where.hidden = text === '';
}

export function complain(e, where) {
  if (!(e instanceof Refused)) {
    console.error(e);
  }
  say(e instanceof Refused ? e.text : t('error.offline'), where);
}


// A form whose button waits while it works; the messages go into its own
// element with the role "alert". After one, the focus is where something can be
// done about it: a button that waits has lost it.

export function onsubmit(form, work) {
  form.addEventListener('submit', async event => {
    event.preventDefault();

    const where = form.querySelector('[role=alert]');
    const buttons = [...form.querySelectorAll('button')];
    let failed = null;

    say('', where);
    buttons.forEach(b => { b.disabled = true; });
    try {
      await work(Object.fromEntries(new FormData(form)));
    } catch (e) {
      failed = e;
    }
    buttons.forEach(b => { b.disabled = false; });

    if (failed) {
      complain(failed, where);
      mend(form, failed.message)?.focus();
    }
  });
}

// The field that a message names, or the last one, or a button

function mend(form, message) {
  const fields = [...form.querySelectorAll('input:not([hidden])')];

  return fields.find(f => f.name
      && message.toLowerCase().startsWith(f.name.toLowerCase()))
    ?? fields.at(-1) ?? form.querySelector('button');
}

export const groups = secret => secret.match(/.{1,4}/g).join(' ');

export const when = iso => new Date(iso).toLocaleString(locale(),
  { dateStyle: 'medium', timeStyle: 'medium' });

export async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = t('copied');
  setTimeout(() => { button.textContent = before; }, 2000);
}
