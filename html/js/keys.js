// API keys: make, list, revoke.

import { LIMIT, api, ask, button, check, d, el, field, list, once, row, sure,
  time } from '/js/parts.js';

const scopes = ['validate', 'clients', 'logs', 'keys', 'stateless'];
let load;

async function get(offset) {
  const { apiKeys } = await api('GET', 'apikeys');

  return [apiKeys.slice(offset, offset + LIMIT).map(k => [
    k.name, `${k.prefix}…`, k.scopes.join(', '), k.regions?.join(', '),
    time(k.createdAt), time(k.lastUsedAt), k.expiresAt && [time(k.expiresAt),
      new Date(k.expiresAt) < new Date() ? ` (${d('expired')})` : ''],
    button('revoke', () => sure('revoke', k.name ?? k.prefix,
      () => api('DELETE', `apikeys/${k.id}`), () => load(), 'danger'))
  ]), apiKeys.length];
}

// Without scopes the API would give all, so a list is always sent.

const create = () => ask(d('create'), [
  field('name'),
  el('fieldset', {}, el('legend', {}, d('scopes')), scopes.map(s =>
    check(s, { name: s, checked: s === 'validate' }))),
  field('regions', { pattern: '[a-z0-9\\-, ]*' }),
  field('expiresAt', { type: 'datetime-local' })
], async v => {
  const made = await api('POST', 'apikeys', {
    name: v.name || undefined,
    scopes: scopes.filter(s => v[s]),
    regions: v.regions.match(/[^, ]+/g) ?? undefined,
    expiresAt: v.expiresAt ? new Date(v.expiresAt) : undefined
  });

  return async () => {
    await load();
    once(made.name ?? made.prefix, made.apiKey, 'api-key.txt');
  };
});

export function open(place) {
  place.append(row(button('create', create, '')));
  load = list(place, 'keys', ['name', 'key', 'scopes', 'regions', 'created',
    'used', 'expiresAt', 'actions'], get);
  load();
}
