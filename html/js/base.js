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
// no JavaScript; {name} in a text is replaced. Where no file could be read, the
// page's own words have to do, and the end of a name is better than nothing.

const languages = ['en', 'de'];
let texts = {};
let poor = false;

export const has = key => Object.hasOwn(texts, key);

export function t(key, values = {}) {
  const text = texts[key] ?? (poor ? key.split('.').pop() : key);

  return text.replace(/\{(\w+)\}/g, (all, name) =>
    values[name] ?? all);
}

// How the reader writes dates: en-GB, where the texts are en

export function locale() {
  const { lang } = document.documentElement;
  return navigator.languages.find(l => l.startsWith(lang) && known(l)) ?? lang;
}

// Some systems have names that are none, such as en-US@posix.

function known(language) {
  try {
    return Intl.getCanonicalLocales(language);
  } catch {
    return false;
  }
}

async function learn(language) {
  const answer = await fetch(`/lang/${language}.json`);
  const read = answer.ok && await answer.json();

  if (!read.copied) {
    throw new Error('these are no texts');
  }
  texts = read;
  document.documentElement.lang = language;
}

// The words that stand in the page, and the one that is needed the most

function makeDo() {
  poor = true;
  texts = { 'error.offline': 'The service cannot be reached. Reload the page.' };
  document.documentElement.lang = 'en';

  for (const e of document.querySelectorAll('[data-t]')) {
    texts[e.dataset.t] = e.textContent;
  }
  for (const e of document.querySelectorAll('[data-t-label]')) {
    texts[e.dataset.tLabel] = e.ariaLabel;
  }
}

export async function speak() {
  const wanted = navigator.languages.map(l => l.slice(0, 2).toLowerCase());
  const chosen = wanted.find(l => languages.includes(l)) ?? 'en';

  await learn(chosen).catch(() => learn('en')).catch(makeDo);

  for (const e of document.querySelectorAll('[data-t]')) {
    e.textContent = t(e.dataset.t);
  }
  for (const e of document.querySelectorAll('[data-t-label]')) {
    e.setAttribute('aria-label', t(e.dataset.tLabel));
  }

  // who has a session needs no way to one
  const way = document.querySelector('nav a[href="/sign-in"]');
  if (way) {
    way.hidden = 'X-CSRF-Token' in csrf();
  }
  if (!poor) {
    document.title = t(document.documentElement.dataset.title) + ' – Kanda';
  }
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
    this.code = String(body.code ?? '').toLowerCase();
    this.wait = /^\d+$/.test(wait) ? wait : null;      // it may be a date
    this.body = body;
  }

  // There may be a text for its code or, since many have none or share one, for
  // what it says; what a proxy or nginx itself says may be known by its status.
  get key() {
    const said = this.message.toLowerCase().match(/\w+/g)?.join('_');
    const kind = this.status === 429 ? 'too_many_requests'
      : this.status === 500 ? 'internal_error'
      : this.status > 500 ? 'unavailable' : this.status ? null : 'offline';

    return [this.code, said, kind].map(k => `error.${k}`).find(has);
  }

  // in the reader's language, if there is a text
  get text() {
    const text = this.key ? t(this.key) : this.message;
    return this.wait ? `${text} ${t('error.wait', { n: this.wait })}` : text;
  }
}

// The header that says what only a page of this host can read. Other hosts and
// ports may have put cookies of that name beside ours. The service takes any of
// the form that it gives out, if it has come; those of longer paths, which may
// not, stand before ours.

export function csrf() {
  const found = [...document.cookie.matchAll(
    /(?:^|; )csrf-token=([0-9a-f]{32})(?=;|$)/g)].at(-1);

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

export function say(text, place, english = false) {
  const where = place?.isConnected ? place : $('said');

  // the service itself speaks English alone
  english ? where.setAttribute('lang', 'en') : where.removeAttribute('lang');
  where.textContent = text;
  where.hidden = text === '';
}

export function complain(e, where) {
  if (!(e instanceof Refused)) {
    console.error(e);
  }
  say(e instanceof Refused ? e.text : t('error.offline'), where,
    e instanceof Refused && !e.key);
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

// The button says how it went, and after a while its own word again.

const saying = new WeakMap();

export async function copy(text, button) {
  const done = await navigator.clipboard.writeText(text)
    .then(() => true, () => false);
  const { word, timer } = saying.get(button) ?? { word: button.textContent };

  clearTimeout(timer);
  button.textContent = t(done ? 'copied' : 'uncopied');
  saying.set(button, { word, timer: setTimeout(() => {
    button.textContent = word;
    saying.delete(button);
  }, 2000) });
}
