// The access log: filter, live, files to keep, and the chart.

import { chart, firstDay } from '/js/chart.js';
import { LIMIT, alarms, api, button, check, d, el, field, list, row, save, time }
  from '/js/parts.js';

const events = `auth.register auth.login auth.token auth.logout auth.invitation
auth.2fa.enable auth.2fa.disable auth.2fa.verify totp.register totp.validate
totp.qrcode totp.rotate totp.unlock totp.recovery totp.delete apikey.create
apikey.revoke otp.onboard otp.get otp.verify toolkit.generate toolkit.verify
admin.create admin.invite admin.disable admin.enable admin.reset_factor
admin.reseal`
  .split(/\s/);

const columns = ['id', 'timestamp', 'event', 'success', 'clientId', 'reason',
  'ip', 'userAgent', 'apiKeyId', 'count'];

const page = (limit, offset, event) => api('GET',
  `logs?limit=${limit}&offset=${offset}${event && `&event=${event}`}`);

// Entries, the newest first, until there are enough. What is added meanwhile
// moves the pages, so that one can come twice: it is kept once.

async function walk(found, event, enough) {
  let end;

  for (let offset = 0; !end; offset += 200) {
    const { logs } = await page(200, offset, event);
    end = logs.length < 200 || enough?.(logs[199], offset);
    logs.forEach(e => found.set(e.id, e));
  }
  return [...found.values()];
}

// RFC 4180, with quotes around every field. What begins with = + - @ or their
// full-width forms is a formula to a spreadsheet: an apostrophe goes before it.
// One that splits at another sign than the comma begins cells within a field,
// and may drop blanks and quotes before them: so it goes there, too. Whoever
// wants each byte as it was takes the NDJSON.

const formula =
  /(^|[;,|\t\r\n\v\f\u0085\u2028\u2029])(?=[\s"']*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

const cell = value => `"${String(value ?? '').replace(formula, "$1'")
  .replaceAll('"', '""')}"`;

const line = values => values.map(cell).join() + '\r\n';

const cells = e => [time(e.timestamp), e.event,
  [el('b', { class: e.success ? 'good' : 'bad' }, d(e.success ? 'ok' : 'no')),
    e.reason && ` ${e.reason}`, e.count && ` × ${e.count}`],
  e.clientId, e.ip, e.userAgent, e.apiKeyId];


export function open(place) {
  const live = check(d('live'), { checked: true });
  const picture = el('div');
  const known = new Map();
  const alarm = alarms(picture);
  let event = '';
  let seen;

  async function get(offset) {
    const { logs, total } = await page(LIMIT, offset, event);
    const now = JSON.stringify([logs, total]);

    if (now === seen) {
      return null;
    }
    seen = now;
    draw().catch(e => {
      seen = null;                      // the next look tries again
      alarm(e);
    });
    return [logs.map(cells), total];
  }

  // What is known has no gap: pages count when all of them have come.

  async function draw() {
    const all = await walk(new Map(), '', (last, at) => at >= 1800
      || known.has(last.id) || new Date(last.timestamp) < firstDay());

    all.forEach(e => known.set(e.id, e));
    alarm(null);
    chart(picture, [...known.values()]);
  }

  const keep = (kind, head, form) => button(kind, async () => save(
    `access-log.${kind}`,
    head + (await walk(new Map(), event)).map(form).join('')));

  place.append(picture, el('form', {},
    field('event', { options: [d('all'), ...events], onchange: e => {
      event = events[e.target.selectedIndex - 1] ?? '';
      load(0);
    } }), live),
  row(keep('csv', line(columns), e => line(columns.map(c => e[c]))),
    keep('ndjson', '', e => JSON.stringify(e) + '\n')));

  const load = list(place, 'log', ['time', 'event', 'result', 'clientId', 'ip',
    'agent', 'key'], get);
  load();

  const timer = setInterval(() => {
    if (!live.isConnected) {
      clearInterval(timer);
    } else if (live.firstChild.checked && !document.hidden) {
      load(undefined, true);
    }
  }, 5000);
}
