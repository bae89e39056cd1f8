// Clients: find, register, try, rotate, unlock, delete.

import { LIMIT, api, ask, button, codeField, copier, d, done, el, field, groups,
  isolated, keep, list, once, onsubmit, row, sure, table, time } from '/js/parts.js';

const MOST = 10000;                     // clients that a search looks at
let load, all, wanted;

// The API knows no search: all are fetched, once, and looked through here.

async function everything() {
  const found = [];
  let page;

  do {
    page = await api('GET', `totp?limit=1000&offset=${found.length}`);
    found.push(...page.clients);
  } while (page.clients.length === 1000 && found.length < MOST);

  return [found, found.length >= MOST && page.total > found.length
    ? d('searchCut', { n: MOST }) : ''];
}

async function get(offset) {
  if (!wanted) {
    const page = await api('GET', `totp?limit=${LIMIT}&offset=${offset}`);
    return [page.clients.map(cells), page.total];
  }

  all ||= everything().catch(e => {
    all = null;
    throw e;
  });
  const [clients, note] = await all;
  const found = clients.filter(c =>
    `${c.clientId}\n${c.label}\n${c.issuer}`.toLowerCase().includes(wanted));

  return [found.slice(offset, offset + LIMIT).map(cells), found.length, note];
}

const cells = c => [button('manage', () => manage(c)), c.clientId, c.label,
  c.issuer, d(c.locked ? 'locked' : c.confirmedAt ? 'inUse' : 'unused'),
  time(c.lastUsedAt)];

function reload() {
  all = null;
  return load();
}


// From one dialog to the next

const then = (what, work, kind) => button(what, b => {
  b.closest('dialog').close();
  work();
}, kind);

const secret = (c, { qrDataUrl, secret: text }) => keep(ask(c.clientId,
  [d('scan'), el('img', { class: 'qr', src: qrDataUrl, alt: d('qr') }),
    text && el('p', {}, el('code', {}, groups(text))),
    row(text && copier(text), then('try', () => attempt(c), ''))]));

function register() {
  ask(d('register'), [field('clientId', { required: true }), field('label'),
    field('issuer'), el('details', {}, el('summary', {}, d('advanced')),
      field('algorithm', { options: ['SHA1', 'SHA256', 'SHA512'] }),
      field('digits', { type: 'number', value: 6 }),
      field('period', { type: 'number', value: 30 }),
      field('secret', { autocomplete: 'off' }))
  ], async ({ digits, period, ...texts }) => {
    const body = { digits: +(digits || 6), period: +(period || 30) };
    Object.entries(texts).forEach(([k, v]) => { body[k] = v || undefined; });
    const made = await api('POST', 'totp/register', body);

    return async () => {
      done('register', made.clientId);
      await reload();
      secret(body, made);
    };
  });
}


// The answer's element is there before it, and the bar moves by the second.

function attempt({ clientId, period }) {
  const said = el('p', { role: 'status' });
  const bar = el('progress', { max: period, 'aria-label': d('left') });
  const left = el('span');
  const form = el('form', {}, codeField(), row(bar, left),
    el('p', { role: 'alert', hidden: true }), el('button', {}, d('check')));

  const tick = () => {
    bar.value = period - Math.floor(Date.now() / 1000) % period;
    left.textContent = `${bar.value} s`;
  };
  const timer = setInterval(tick, 1000);
  tick();

  onsubmit(form, async ({ code: token }) => {
    said.textContent = '';
    const { valid, reason } = await api('POST', 'totp/validate',
      { clientId, token });

    said.className = valid ? 'good' : 'bad';
    said.textContent = d(valid ? 'valid' : reason);
    form.reset();
  });

  ask(`${d('try')}: ${isolated(clientId)}`, [form, said]).onclose = () => {
    clearInterval(timer);
    load();
  };
}


// What is done to a client, and what its answer shows

const deeds = {
  qr: ['GET', 'totp/qrcode/', secret],
  unlock: ['POST', 'totp/unlock/'],
  codes: ['POST', 'totp/recovery/', (c, made) => once(d('codes'),
    made.recoveryCodes.join('\n') + '\n', 'recovery-codes.txt')],
  rotate: ['POST', 'totp/rotate/', secret],
  delete: ['DELETE', 'totp/', null, 'danger']
};

const manage = c => ask(c.clientId, [
  table(['algorithm', 'digits', 'period', 'created', 'codes'], [[c.algorithm,
    c.digits, c.period, time(c.createdAt), c.recoveryCodesLeft]], c.clientId),
  row(then('try', () => attempt(c), ''),
    Object.entries(deeds).map(([what, [method, path, shown, kind]]) =>
      then(what, () => sure(what, c.clientId,
        () => api(method, path + encodeURIComponent(c.clientId)),
        async made => {
          await reload();
          shown?.(c, made);
        }, kind), kind)))]);


export function open(place) {
  wanted = '';

  place.append(row(button('register', register, '')),
    el('form', { role: 'search', onsubmit: e => e.preventDefault() },
      field('search', { type: 'search', oninput: e => {
        all = wanted && all;            // a new search looks at what is there
        wanted = e.target.value.trim().toLowerCase();
        load(0);
      } })));
  load = list(place, 'clients',
    ['actions', 'clientId', 'label', 'issuer', 'state', 'used'], get);
  load();
}
