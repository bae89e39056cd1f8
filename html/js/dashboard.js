// The account of who is signed in: one part at a time, by its hash.

import { open as clients } from '/js/clients.js';
import { open as keys } from '/js/keys.js';
import { open as log } from '/js/log.js';
import { $, auth, complain, d, say, speak } from '/js/parts.js';
import { open as security } from '/js/security.js';

const parts = { clients, keys, log, security };
let me;

function route(event) {
  const asked = location.hash.slice(1);
  const name = asked in parts ? asked : 'clients';

  if (event && asked !== name) {
    return;                             // the link past the navigation
  }
  document.querySelectorAll('dialog').forEach(e => e.close());
  document.querySelectorAll('nav a').forEach(a => {
    a.ariaCurrent = a.hash === `#${name}` ? 'page' : null;
  });
  document.title = `${d(name)} – Kanda`;
  $('head').textContent = d(name);
  $('hint').textContent = d(`${name}Hint`, me);
  $('part').replaceChildren();
  say('');
  say('', $('done'));
  parts[name]($('part'), me);
  if (event) {
    $('head').focus();
  }
}


// Who comes after finds nothing: a page that is left is empty, and one that is
// looked at again asks whose it is.

addEventListener('pagehide', () => document.body.replaceChildren());
addEventListener('pageshow', e => e.persisted && location.reload());
document.addEventListener('visibilitychange', async () => {
  if (!document.hidden && me) {
    const { sub } = await auth('GET', 'me').catch(() => me);
    sub === me.sub || location.reload();
  }
});

$('out').onclick = () => auth('POST', 'logout')
  .then(() => location.replace('/sign-in'), e => complain(e));

try {
  [me] = await Promise.all([auth('GET', 'me'), speak()]);
  $('out').hidden = false;
  addEventListener('hashchange', route);
  route();
} catch (e) {
  complain(e);
}
