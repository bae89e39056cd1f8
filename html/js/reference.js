// The reference: openapi.json as a page, with a form for each operation that
// sends it to this server.

import { $, Refused, csrf, complain, el, onsubmit, speak, t } from './base.js';

let doc;

// What a node refers to; what is said beside the reference wins.

function at(node = {}) {
  if (!node.$ref) {
    return node;
  }
  const { $ref, ...own } = node;
  return { ...at($ref.slice(2).split('/').reduce((o, name) => o[name], doc)), ...own };
}

// A text of the document, which is English, with `code` in it.

const prose = (text = '') => el('span', { lang: 'en' },
  text.split('`').map((part, i) => i % 2 ? el('code', {}, part) : part));

const json = value => JSON.stringify(value, null, 1);
const pre = text => el('pre', { tabindex: 0 }, text);
const list = items => items.length ? el('ul', {}, items) : '';


// What a schema allows, in few signs

function kind(s) {
  const from = s.minimum ?? s.minLength ?? s.minItems;
  const to = s.maximum ?? s.maxLength ?? s.maxItems;
  const values = s.const === undefined ? s.enum : [s.const];

  return [
    values ? values.map(v => JSON.stringify(v)).join(' | ')
      : s.oneOf ? t('ref.one') : [s.type].flat().join(' | '),
    s.format ?? s.contentMediaType,
    s.pattern && `/${s.pattern}/`,
    (from ?? to) !== undefined && `${from ?? ''}…${to ?? ''}`,
    s.default !== undefined && `= ${s.default}`,
  ].filter(Boolean).join(' ');
}

const inside = s => list(
  s.oneOf?.map(o => item(o.$ref?.split('/').pop() ?? '', o))
  ?? (s.items ? [item('[ ]', s.items)] : Object.entries(s.properties ?? {})
    .map(([name, p]) => item(name, p, s.required?.includes(name)))));

// A property, parameter, header or kind of content, and all that is in it

function item(name, node, needed) {
  const own = at(node);
  const s = { ...at(own.schema), ...own };
  const kept = name.includes('form') ? String(new URLSearchParams(s.example)) : json(s.example);

  return el('li', {}, el('code', {}, name), ' ', el('span', { class: 'hint' }, kind(s),
      needed ?? own.required === true ? `, ${t('ref.required')}` : ''),
    s.description ? ' – ' : '', prose(s.description), inside(s),
    s.example === undefined ? '' : pre(kept));
}

const media = content => Object.entries(content ?? {}).map(([type, m]) => item(type, m));

const part = (key, content) => content ? [el('h4', {}, t(key)), content].flat() : [];

// Details that are made when they are first opened

function fold(title, open, fill) {
  const all = el('details', { open }, el('summary', {}, title));
  all.addEventListener('toggle', () => all.append(...fill()), { once: true });
  return all;
}

function answer([status, node]) {
  const r = at(node);
  return fold([el('code', {}, status), ' ', prose(r.description)], status < 300, () =>
    [list([...Object.entries(r.headers ?? {}).map(h => item(...h)), ...media(r.content)])]);
}


// The ways in, of which an operation needs one

const ways = op => op.security ?? doc.security;

function scheme(name, i) {
  const s = doc.components.securitySchemes[name];
  const shown = s.in === 'cookie' ? `Cookie: ${s.name}` : s.name ?? 'Authorization: Bearer';
  return [i ? ' + ' : '', el('code', {}, shown), ' ',
    el('span', { class: 'hint' }, prose(s.description))];
}

const needs = op =>
  list(ways(op).map(names => el('li', {}, Object.keys(names).flatMap(scheme)))) || '–';


// The fields of a form, each with the place that it goes to

function field(p) {
  const s = at(p.schema);
  const input = s.enum ? el('select', {}, ['', ...s.enum].map(v => el('option', {}, v)))
    : el(p.in === 'json' ? 'textarea' : 'input',
         { required: p.required, placeholder: s.default, autocomplete: 'off' });

  input.value = p.example ?? s.examples?.[0] ?? '';
  return { ...p, input, label: el('label', {}, p.name, input) };
}

function fields(op) {
  const all = (op.parameters ?? []).map(at);
  const { content = {}, required } = at(op.requestBody);
  const types = Object.keys(at(op.responses[200]).content ?? {});

  if (types[1]) {
    all.push({ name: 'Accept', in: 'header', schema: { enum: types } });
  }
  for (const [type, { schema, example }] of Object.entries(content)) {
    const s = at(schema);
    all.push(...type.includes('form') ? Object.entries(s.properties).map(([name, p]) =>
      ({ name, in: 'form', schema: p, required: s.required.includes(name), example: example[name] }))
      : [{ name: t('ref.body'), in: 'json', example: required && json(example) || '' }]);
  }
  return all.map(field);
}

// The pasted token, in the header that the operation looks at and without
// cookies; or the session.

function credentials(op) {
  const token = $('token').value.trim();
  const names = ways(op).flatMap(Object.keys);

  return !token ? { headers: csrf() } : { credentials: 'omit',
    headers: names[0] === 'apiKey' ? { 'x-api-key': token }
      : { Authorization: `Bearer ${token}` } };
}

function send(method, path, op, given) {
  const of = place => given.filter(f => f.in === place && f.input.value)
    .map(f => [f.name, f.input.value]);
  const { headers, ...how } = credentials(op);
  const query = String(new URLSearchParams(of('query')));
  const [text] = of('json');
  const form = of('form');

  for (const [name, value] of of('path')) {
    path = path.replace(`{${name}}`, encodeURIComponent(value));
  }
  const all = { ...headers, ...text && { 'Content-Type': 'application/json' },
    ...Object.fromEntries(of('header')) };

  if (/[^ -~]/.test(Object.values(all).join(''))) {
    throw new Refused(400, { code: 'plain' });
  }
  return fetch(path + (query && `?${query}`), { ...how, method, cache: 'no-store',
    headers: all,
    body: text?.[1] ?? (form.length ? new URLSearchParams(form) : undefined) });
}


// What came: pictures as such, also those in JSON, and all else as text.

const picture = src => el('img', { src, class: 'qr', alt: t('ref.picture') });

const dataUrl = blob => new Promise(done => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.readAsDataURL(blob);
});

async function shown(blob) {
  if (blob.type.startsWith('image/')) {
    return [picture(await dataUrl(blob))];
  }
  const text = await blob.text();
  try {
    const value = JSON.parse(text);
    return [pre(json(value)), ...Object.values(value)
      .filter(v => /^data:image\//.test(v)).map(picture)];
  } catch {
    return [pre(text)];
  }
}

const telling = /^(allow|content-type|kanda-|location|retry-after|www-auth)/;

function attempt(...call) {
  const given = fields(call[2]);
  const status = el('p', { role: 'status' });
  const result = el('div', { class: 'result' });
  const button = el('button', {}, t('ref.send'));
  const form = el('form', {}, given.map(f => f.label), button,
    el('p', { role: 'alert', hidden: true }));

  onsubmit(form, async () => {
    status.textContent = '';
    result.replaceChildren();
    const got = await send(...call, given);
    const content = await shown(await got.blob());
    const headers = [...got.headers].filter(([name]) => telling.test(name));
    result.append(pre(headers.map(h => h.join(': ')).join('\n')), ...content);
    status.textContent = `${got.status} ${got.statusText}`;
    setTimeout(() => button.focus());       // which it lost by waiting
  });
  return [form, status, result];
}


function operation(path, name, op) {
  const method = name.toUpperCase();
  const all = el('details', { id: op.operationId, class: 'panel' },
    el('summary', {}, el('h3', {}, el('code', {}, `${method} ${path} `), prose(op.summary))),
    el('p', {}, prose(op.description)),
    part('ref.need', needs(op)),
    part('ref.parameters', list((op.parameters ?? []).map(at)
      .map(p => item(`${p.name} (${p.in})`, p)))),
    part('ref.body', list(media(at(op.requestBody).content))),
    part('ref.answers', Object.entries(op.responses).map(answer)),
    fold(t('ref.try'), false, () => attempt(method, path, op)));

  // what is open is what a link to here opens
  all.addEventListener('toggle', () => all.open && history.replaceState(null, '', `#${all.id}`));
  return all;
}

function section({ name, description }) {
  const id = name.toLowerCase().replace(/\W+/g, '-');
  const own = Object.entries(doc.paths).flatMap(([path, methods]) => Object.entries(methods)
    .filter(([, op]) => op.tags.includes(name)).map(m => operation(path, ...m)));

  $('tags').append(el('a', { href: `#${id}`, lang: 'en' }, name));
  $('operations').append(el('h2', { id, lang: 'en' }, name),
    el('p', { class: 'hint' }, prose(description)), ...own);
}

function follow() {
  const target = $(location.hash.slice(1));

  if (target?.matches('details')) {
    target.open = true;
    target.firstChild.focus();
  }
  target?.scrollIntoView();
}

// Nothing that was typed or shown stays for who comes after.

addEventListener('pagehide', () => {
  $('token').value = '';
  [...document.forms].forEach(form => form.reset());
  document.querySelectorAll('.result').forEach(e => e.replaceChildren());
});

try {
  const file = fetch('/openapi.json');
  await speak();
  doc = await (await file).json();
  doc.tags.forEach(section);
  $('live').hidden = false;
  follow();
  addEventListener('hashchange', follow);
} catch (e) {
  complain(e);
}
