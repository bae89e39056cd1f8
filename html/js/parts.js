// What the parts of the dashboard share: fields, buttons, dialogs, lists.

import { $, complain, copy, el, has, onsubmit, say, t, when } from '/js/base.js';

export * from '/js/base.js';

export const LIMIT = 20;                // rows of a page

export const d = (key, values) => t(`dash.${key}`, values);
export const row = (...children) => el('div', { class: 'row' }, children);

// A name in a sentence. Names are written by others: signs that turn the
// direction of what follows would turn the rest around, or end its isolation.

export const isolated = text =>
  `\u2068${String(text).replace(/[\u202A-\u202E\u2066-\u2069]/g, '')}\u2069`;

export const done = (what, id) =>
  say(d('did', { what: d(what), id: isolated(id) }), $('done'));

let fields = 0;

// A label, an input (or, with options, a select), and a hint if there is one.

export function field(name, { options, ...more } = {}) {
  const id = `f${++fields}`;
  const hinted = has(`dash.${name}Hint`);
  const all = { id, name, ...more, 'aria-describedby': hinted && `${id}h` };

  return [el('label', { for: id }, d(name)),
    options ? el('select', all, options.map(o => el('option', {}, o)))
      : el('input', all),
    hinted ? el('p', { id: `${id}h`, class: 'hint' },
      d(`${name}Hint`)) : []];
}

export const check = (text, attributes) => el('label', { class: 'check' },
  el('input', { type: 'checkbox', ...attributes }), ` ${text}`);

export const codeField = () => field('code', { required: true,
  autocomplete: 'one-time-code', autocapitalize: 'none' });


// Works one at a time, and keeps the focus. A failure is told in the dialog,
// which covers the page's own place.

export function button(text, work, kind = 'quiet') {
  let busy;

  const b = el('button', { type: 'button', class: kind, onclick: () => {
    const where = b.closest('dialog')?.querySelector('[role=alert]')
      ?? $('said');

    say('', where);
    busy ??= Promise.resolve(b).then(work).catch(e => complain(e, where))
      .finally(() => { busy = null; });
  } }, d(text));

  return b;
}

export const copier = text => navigator.clipboard
  && button('copy', b => copy(text, b));


// A dialog: it shows, or asks where there is work to do. What the work returns
// runs when the dialog is gone and the focus is back. Where something would be
// lost, one stands on the no.

export function ask(title, content, work, kind) {
  const out = button(work ? 'cancel' : 'close', () => box.close());
  const inner = el(work ? 'form' : 'div', {}, el('h2', {}, title),
    [content].flat().map(c => typeof c === 'string' ? el('p', {}, c) : c),
    el('p', { role: 'alert', hidden: true }),
    row(work && el('button', { class: kind }, title), out));
  const box = el('dialog', { 'aria-label': title,
    onclose: () => box.remove() }, inner);

  out.autofocus = kind === 'danger';
  document.body.append(box);
  box.showModal();

  if (work) {
    onsubmit(inner, async values => {
      const next = await work(values);
      box.close();
      await next?.();
    });
  }
  return box;
}

// Are you sure? Then the call, and what follows.

export const sure = (what, id, call, next, kind) => ask(d(what),
  d(`${what}Sure`, { id: isolated(id) }), async () => {
    const answer = await call();
    return async () => {
      done(what, id);
      await next(answer);
    };
  }, kind);

export function save(name, text) {
  const href = URL.createObjectURL(new Blob([text]));
  el('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 9000);
}

// What is shown once goes by its button alone: Esc, or a phone's way back, is
// too easily pressed. Not every browser knows closedBy, and where one does, it
// may not ask a second time.

export function keep(box) {
  box.closedBy = 'none';
  box.oncancel = event => event.preventDefault();
  return box;
}

export const once = (title, text, file) => keep(ask(title, [d('once'),
  el('pre', {}, text), row(copier(text),
    button('download', () => save(file, text)))]));


export const time = iso => iso && el('time', { datetime: iso }, when(iso));

export const table = (heads, rows, name) =>
  el('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': name },
    el('table', {},
      el('thead', {}, el('tr', {}, heads.map(h =>
        el('th', { scope: 'col' }, d(h))))),
      el('tbody', {}, rows.map(r => el('tr', {}, r.map(c =>
        el('td', {}, c ?? '–')))))));


// Failures of what is tried again and again: told as long as they last, and as
// long as the place is there that they are about.

export function alarms(place) {
  let told = '';

  return e => {
    if (e && place.isConnected) {
      complain(e);
      told = $('said').textContent;
    } else if (told && $('said').textContent === told) {
      say(told = '');
    }
  };
}


// A list that pages: get(offset) answers [rows, total, note], or nothing if all
// is as it was. Returns what loads it. The focus of a row that goes comes to the
// table, which stays where it was scrolled to.

export function list(parent, name, heads, get) {
  const range = el('p', { class: 'hint' });
  const body = el('div');
  const alarm = alarms(body);
  let turn = 0;
  let from = 0;

  async function load(offset, live) {
    const mine = ++turn;
    const [rows, total, note = ''] = await get(offset) ?? [];

    alarm(null);
    if (mine !== turn || !rows) {
      return;
    }
    if (!rows.length && offset) {
      return load(0);                   // the last page went
    }

    const focused = body.contains(document.activeElement);
    const left = from === offset && body.querySelector('.wide')?.scrollLeft;
    const go = (text, to) => {
      const b = button(text, () => load(to).catch(alarm));
      b.disabled = to < 0 || to >= total;
      return b;
    };

    from = offset;
    range.ariaLive = live ? 'off' : 'polite';
    range.textContent = d(total ? 'range' : `${name}None`,
      { total, from: from + 1, to: from + rows.length })
      + (note && ` ${note}`);
    body.replaceChildren(total ? table(heads, rows, d(name)) : '',
      total > LIMIT ? row(go('back', from - LIMIT), go('more', from + LIMIT))
        : '');
    if (left) {
      body.querySelector('.wide')?.scrollTo(left, 0);
    }
    if (focused) {
      (body.querySelector('.wide') ?? $('head')).focus();
    }
  }

  parent.append(range, body);
  return (offset = from, live) => load(offset, live).catch(alarm);
}
