// Pages that are at fault, each in its way: a step passes here if the harness
// finds exactly that.

import assert from 'node:assert/strict';

const caught = (path, ...patterns) => async k => {
  await k.open(path);
  await new Promise(done => setTimeout(done, 200));
  for (const pattern of patterns) {
    assert.ok(k.faults.some(f => pattern.test(f)),
      `${pattern} among: ${k.faults.join('\n')}`);
    k.allow(pattern);
  }
};

export default {
  'a good page': async k => {
    const page = await k.open('/good', { scheme: 'dark', phone: true,
      locale: 'de-DE' });
    assert.deepEqual(await page.evaluate(() => [innerWidth, navigator.language,
      matchMedia('(prefers-color-scheme: dark)').matches]),
      [360, 'de-DE', true]);
    await k.looks(page, 'harness');
  },

  'a file that is missing': caught('/console', /^console: .* 404/,
    /^console: .*MIME type/),
  'an exception': caught('/thrown', /^page: Error: thrown/),
  'a script in the page': caught('/inline', /^policy: script-src/,
    /^console: .*script/),
  'a style in the page': caught('/style', /^policy: style-src/,
    /^console: .*style/),
  'another host': caught('/far', /^asked another host: http:\/\/localhost:1\//),

  'what is no use to a screen reader': async k => {
    const page = await k.open('/axe');
    await assert.rejects(k.looks(page, 'harness-axe'), /label: input/);
  },

  'what is wider than a phone': async k => {
    const page = await k.open('/wide');
    await assert.rejects(k.looks(page, 'harness-wide'), /wider than a phone/);
  },

  'codes': async k => {
    const next = k.codes('JBSWY3DPEHPK3PXP');
    const seen = [await next(), await next(), await next()];
    assert.equal(new Set(seen).size, 3);
    assert.ok(seen.every(c => /^\d{6}$/.test(c)));
  },
};
