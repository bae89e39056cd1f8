// Codes by day, drawn and as a table.

import { d, el, locale, table } from '/js/parts.js';

const DAYS = 14;

function svg(name, attributes, ...children) {
  const e = document.createElementNS('http://www.w3.org/2000/svg', name);
  Object.entries(attributes).forEach(a => e.setAttribute(...a));
  e.append(...children);
  return e;
}

// Days are the reader's.

const day = (back, now = new Date()) =>
  new Date(now.getFullYear(), now.getMonth(), now.getDate() - back);

export const firstDay = () => day(DAYS - 1);


// Accepted codes stand below and are plain, refused ones above and hatched.

function draw(bars, sums) {
  const top = Math.max(1, ...bars.map(b => b.ok + b.no));
  const rect = (i, fill, from, n) => svg('rect', { fill, x: i * 40 + 3,
    width: 34, y: 150 * (1 - (from + n) / top), height: 150 * n / top });

  return svg('svg', { viewBox: '0 0 560 150', preserveAspectRatio: 'none',
    class: 'chart', role: 'img', 'aria-labelledby': 'chart-t chart-d' },
  svg('title', { id: 'chart-t' }, d('chart')),
  svg('desc', { id: 'chart-d' }, d('chartDesc', sums)),
  svg('pattern', { id: 'hatch', width: 8, height: 8,
    patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
  svg('rect', { width: 4, height: 8 })),
  ...bars.flatMap((b, i) => [rect(i, 'currentColor', 0, b.ok),
    rect(i, 'url(#hatch)', b.ok, b.no)]));
}

export function chart(place, entries) {
  const sums = { ok: 0, no: 0 };
  const bars = Array.from({ length: DAYS }, (_, i) =>
    ({ from: day(DAYS - 1 - i), ok: 0, no: 0 }));

  for (const e of entries) {
    const bar = bars.findLast(b => b.from <= new Date(e.timestamp));
    if (bar && /\.(validate|verify)$/.test(e.event)) {
      const kind = e.success ? 'ok' : 'no';
      bar[kind] += e.count ?? 1;
      sums[kind] += e.count ?? 1;
    }
  }

  const names = bars.map(b => b.from.toLocaleDateString(locale(),
    { dateStyle: 'medium' }));

  place.replaceChildren(el('h2', {}, d('chart')),
    el('p', { class: 'row' },
      el('b', { class: 'good' }, `■ ${d('ok')}: ${sums.ok}`),
      el('b', { class: 'bad' }, `▨ ${d('no')}: ${sums.no}`)),
    draw(bars, sums),
    el('p', { class: 'row ends' }, el('span', {}, names[0]),
      el('span', {}, names[DAYS - 1])),
    entries.length < 2000 ? '' : d('cut'),
    el('details', { open: place.querySelector('details')?.open },
      el('summary', {}, d('asTable')), table(['time', 'ok', 'no'],
        bars.map((b, i) => [names[i], b.ok, b.no]), d('chart'))));
}
