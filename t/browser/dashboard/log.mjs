// The access log in the dashboard, and the chart of it.

import assert from 'node:assert/strict';
import {
  hostile, enter, api, program, press, asked, told, validate, part, kept,
  rows, cells
} from './parts.mjs';

export default {
  'the access log': async k => {
    const page = await enter(k, '', { timezoneId: 'Asia/Kolkata',
      userAgent: '=1+1", x' });
    const { apiKey } = await api(page, 'POST', 'apikeys', { name: 'k' });
    await api(page, 'POST', 'totp/register', { clientId: '-c' });

    // wrong codes, a right one, and strangers' words
    for (const [token, agent] of [['111111', '+a\tb'], ['222222', '@x,y'],
      ['x', '-"q"'], ['333333', hostile[0]], ['x', 'a;=1'], ['x', `a|"'+1`],
      ['x', 'b, @x;;-y'], ['x', '＝1;＋2|－3,＠'], ['x', 'a-b=c@d; e']]) {
      await program(k, apiKey, 'POST', 'totp/validate', { clientId: '-c', token },
        { 'User-Agent': Buffer.from(agent).toString('latin1') });
    }
    await page.evaluate(async () => {
      const { api } = await import('/js/base.js');
      for (let i = 0; i < 21; i++) {
        await api('POST', 'totp/unlock/-c');
      }
    });

    await part(page, 'Access log');
    const { logs: all } = await api(page, 'GET', 'logs?limit=200');
    await page.getByText(`1–20 of ${all.length}`).waitFor();

    // times are the reader's
    const shown = await cells(rows(page).first());
    assert.equal(shown[0], new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium',
      timeStyle: 'medium', timeZone: 'Asia/Kolkata' })
      .format(new Date(all[0].timestamp)));
    assert.deepEqual(shown.slice(1, 5),
      ['totp.unlock', 'accepted', '-c', '127.0.0.1']);
    assert.equal(shown[5], all[0].userAgent);

    // pages; one event alone, in pages of its own
    await press(page, 'More');
    await page.getByText(`21–${all.length} of ${all.length}`).waitFor();
    const select = page.getByLabel('Event');
    // of those that the API has, all but the account's own end
    assert.deepEqual((await select.locator('option').allTextContents())
      .slice(1).sort(), await page.evaluate(async () =>
        (await (await fetch('/openapi.json')).json()).components.schemas.Event
          .enum.filter(event => event !== 'admin.delete').sort()));
    await select.selectOption('totp.unlock');
    await page.getByText('1–20 of 21').waitFor();
    await select.selectOption('totp.validate');
    await page.getByText('1–9 of 9').waitFor();
    const tries = await Promise.all([5, 6, 7, 8].map(i =>
      cells(rows(page).nth(i))));
    assert.deepEqual(tries.map(r => [r[2], r[5]]), [
      ['refused wrong_code', hostile[0]], ['refused malformed', '-"q"'],
      ['refused wrong_code', '@x,y'], ['refused wrong_code', '+a?b']]);
    await select.selectOption('otp.get');
    await page.getByText('No entries').waitFor();

    // files: of one event, and of all
    await select.selectOption('totp.validate');
    const { logs: some } = await api(page, 'GET', 'logs?event=totp.validate');
    const ndjson = logs => logs.map(e => `${JSON.stringify(e)}\n`).join('');
    assert.deepEqual(await kept(page, 'Download NDJSON'),
      ['access-log.ndjson', ndjson(some)]);
    const [name, csv] = await kept(page, 'Download CSV');
    const head = '"id","timestamp","event","success","clientId","reason","ip",'
      + '"userAgent","apiKeyId","count"\r\n';
    const agents = ['"a-b=c@d; e"', `"'＝1;'＋2|'－3,'＠"`, `"b,' @x;;'-y"`,
      `"a|'""'+1"`, `"a;'=1"`, `"<img src=x onerror=""document.title=1"">"`,
      `"'-""q"""`, `"'@x,y"`, `"'+a?b"`];
    assert.deepEqual([name, csv], ['access-log.csv', head + some.map((e, i) =>
      `"${e.id}","${e.timestamp}","totp.validate","false","'-c","${e.reason}",`
      + `"127.0.0.1",${agents[i]},"${e.apiKeyId}",""\r\n`).join('')]);
    await select.selectOption('all');
    await page.getByText(`1–20 of ${all.length}`).waitFor();
    assert.deepEqual((await kept(page, 'Download NDJSON'))[1], ndjson(all));
    const [, whole] = await kept(page, 'Download CSV');
    assert.equal(whole.split('\r\n').length, all.length + 2);
    assert.ok(whole.includes(`,"'=1+1"", x",`), 'a formula is none');
  },

  'a log that is live': async k => {
    const page = await enter(k);
    const { apiKey } = await api(page, 'POST', 'apikeys', { name: 'k' });
    const register = id => program(k, apiKey, 'POST', 'totp/register',
      { clientId: id });
    const newest = async () => (await cells(rows(page).first()))[3];
    const poll = () => Promise.all([page.clock.fastForward(5000),
      page.waitForResponse(/logs\?limit=20&/)]);
    let asked = 0;

    await page.clock.install();
    await page.goto(`${k.base}/dashboard#log`);
    await page.reload();
    await page.getByText('1–3 of 3').waitFor();
    await page.waitForLoadState('networkidle');
    await page.route('**/api/logs?limit=20&*', route => {
      asked++;
      route.continue();
    });

    await register('first');
    await poll();
    await rows(page).first().getByText('first').waitFor();
    assert.equal(asked, 1);

    // what is as it was stays where it is
    await rows(page).first().evaluate(e => { e.dataset.kept = 1; });
    await poll();
    await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.equal(asked, 2);
    assert.equal(await page.locator('[data-kept]').count(), 1);

    // unless nobody looks, or it is told not to
    await register('second');
    await page.evaluate(() => Object.defineProperty(document, 'hidden',
      { get: () => globalThis.unseen, configurable: true }));
    await page.evaluate(() => { globalThis.unseen = true; });
    await page.clock.fastForward(5000);
    assert.deepEqual([asked, await newest()], [2, 'first']);
    await page.evaluate(() => { globalThis.unseen = false; });
    await poll();
    await rows(page).first().getByText('second').waitFor();
    await page.getByLabel('Refresh by itself').uncheck();
    await register('third');
    await page.clock.fastForward(5000);
    assert.deepEqual([asked, await newest()], [3, 'second']);

    // what is scrolled sideways stays so
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByLabel('Refresh by itself').check();
    const left = () => page.locator('#part > div > .wide').last()
      .evaluate(e => e.scrollLeft);
    await page.locator('#part > div > .wide').last()
      .evaluate(e => e.scrollTo(70, 0));
    await poll();
    await rows(page).first().getByText('third').waitFor();
    assert.equal(await left(), 70);

    // nor when another part is there
    await part(page, 'API keys');
    await page.clock.fastForward(15000);
    assert.equal(asked, 4);
  },

  'a log of many pages': async k => {
    const page = await enter(k);
    await page.evaluate(async () => {
      const { api } = await import('/js/base.js');
      await api('POST', 'totp/register', { clientId: 'c' });
      for (let i = 0; i < 420; i++) {
        await api('POST', 'totp/unlock/c');
      }
    });
    await page.goto(`${k.base}/dashboard#log`);
    await page.getByText('1–20 of 4').waitFor();
    await page.getByLabel('Refresh by itself').uncheck();
    await page.waitForLoadState('networkidle');

    // an entry that comes between two pages is no reason to tell one twice
    let asked = 0;
    await page.route('**/api/logs?limit=200*', async route => {
      if (asked++ === 1) {
        await page.evaluate(async () =>
          (await import('/js/base.js')).api('POST', 'totp/unlock/c'));
      }
      await route.continue();
    });
    const [, text] = await kept(page, 'Download NDJSON');
    assert.equal(asked, 3);
    const ids = text.trim().split('\n').map(l => JSON.parse(l).id);
    const { total } = await api(page, 'GET', 'logs?limit=1');
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(ids.length, total - 1, 'all that there were at the start');

    // the chart asks for what is new, not for all of them again
    asked = 9;
    await page.getByLabel('Event').selectOption('auth.login');
    await page.getByText('1–1 of 1').waitFor();
    await page.getByLabel('Event').selectOption('totp.register');
    await page.getByText('1–1 of 1').waitFor();
    await page.waitForTimeout(100);
    assert.equal(asked, 11);
  },

  'a chart that could not be drawn': async k => {
    const page = await enter(k);
    const entries = Array.from({ length: 250 }, (_, i) => ({ id: `${i}`,
      timestamp: new Date().toISOString(), event: 'totp.validate',
      success: true, clientId: 'c', reason: null, ip: null, userAgent: null,
      apiKeyId: null, count: null }));
    let away = true;

    k.allow(/status of 503/);
    await page.clock.install();
    await page.route('**/api/logs?*', route => {
      const query = new URL(route.request().url()).searchParams;
      const [limit, offset] = [+query.get('limit'), +query.get('offset')];
      return offset && away ? route.fulfill({ status: 503, body: '<html>' })
        : route.fulfill({ json: { logs: entries.slice(offset, offset + limit),
          total: 250, limit, offset } });
    });
    await part(page, 'Access log');
    await page.locator('#said').getByText('cannot decide').waitFor();
    assert.equal(await page.locator('svg').count(), 0, 'half of it is wrong');
    away = false;
    await page.clock.fastForward(5000);
    await page.getByText('■ accepted: 250').waitFor();
    assert.ok(await page.locator('#said').isHidden(), 'and it is forgotten');
  },

  'the chart': async k => {
    const page = await enter(k);
    const now = Date.now();
    const entries = [];
    const put = (daysAgo, event, success, count) => entries.push({
      id: `${entries.length}`, timestamp: new Date(now - daysAgo * 864e5)
        .toISOString(), event, success, clientId: 'c', reason: null, ip: null,
      userAgent: null, apiKeyId: null, count });

    put(0, 'totp.validate', true);
    put(0, 'totp.validate', true);
    put(0, 'totp.validate', false, 7);
    put(0, 'totp.register', true);
    put(1, 'otp.verify', true);
    put(3, 'auth.2fa.verify', false);
    put(13, 'toolkit.verify', true);
    put(15, 'totp.validate', true);

    // a log that has grown old: only this answer is not nginx's
    await page.route('**/api/logs?*', route => route.fulfill({
      json: { logs: entries, total: entries.length, limit: 200, offset: 0 } }));
    await part(page, 'Access log');
    await page.getByText('■ accepted: 4').waitFor();
    await page.getByText('▨ refused: 8').waitFor();

    await page.getByText('As a table').click();
    const table = await page.locator('details tbody tr').allInnerTexts();
    const numbers = table.map(r => r.split('\t').slice(1).map(Number));
    assert.equal(table.length, 14);
    assert.deepEqual(numbers[13], [2, 7]);
    assert.deepEqual(numbers[12], [1, 0]);
    assert.deepEqual(numbers[10], [0, 1]);
    assert.deepEqual(numbers[0], [1, 0]);
    assert.deepEqual(numbers.flat().reduce((a, b) => a + b), 12);

    // what is drawn is as high as what is said; refused ones have a pattern
    const bars = await page.locator('svg.chart > rect').evaluateAll(list =>
      list.map(e => [e.getAttribute('fill'), e.getBBox().height]));
    assert.deepEqual(bars.map(([, h]) => Math.round(h * 9 / 150)),
      numbers.flat());
    assert.deepEqual([bars[26][0], bars[27][0]],
      ['currentColor', 'url(#hatch)']);
    const chart = page.getByRole('img', { name: 'Codes in 14 days' });
    assert.match(await chart.locator('desc').textContent(),
      /4 accepted, 8 refused/);
    const [ok, no] = await chart.evaluate(e => [getComputedStyle(e).color,
      getComputedStyle(e.querySelector('pattern')).fill]);
    assert.notEqual(ok, no);
    await k.looks(page, 'dashboard-log');
  },
};
