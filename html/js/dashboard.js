// The account of who is signed in: one part at a time, by its hash.

import { open as clients } from '/js/clients.js';
import { open as keys } from '/js/keys.js';
import { open as log } from '/js/log.js';
import { $, announce, announced, auth, before, button, complain, d,
  isolated, say, speak } from '/js/parts.js';
import { open as security } from '/js/security.js';

const parts = { clients, keys, log, security };
let me;

function route(event) {
  const asked = location.hash.slice(1);
  const name = Object.hasOwn(parts, asked) ? asked : 'clients';

  if (event && asked && asked !== name) {
    return;                             // the link past the navigation
  }
  document.querySelectorAll('dialog').forEach(e => e.close());
  document.querySelectorAll('nav a').forEach(a => {
    a.ariaCurrent = a.hash === `#${name}` ? 'page' : null;
  });
  document.title = `${d(name)} – Kanda`;
  $('head').textContent = d(name);
  $('hint').textContent = d(`${name}Hint`, { email: isolated(me.email) });
  $('part').replaceChildren();
  say('');
  say('', $('done'));
  parts[name]($('part'), me);
  if (event) {
    $('head').focus();
  }
}


// Who comes after finds nothing: a page that is left is empty, and one that is
// looked at again, or hears of another window, asks whose it is.

const ours = async () => (await auth('GET', 'me')).sub === me.sub;

async function look() {
  if (me && !await ours().catch(() => true)) {
    location.reload();
  }
}

addEventListener('pagehide', () => document.body.replaceChildren());
addEventListener('pageshow', e => e.persisted && location.reload());
addEventListener('focus', look);
document.addEventListener('visibilitychange', () => document.hidden || look());
announced(look);

// A window that nobody told could still act for whoever has signed in since:
// nothing is done, and what is shown goes.

before(async () => {
  if (!await ours()) {
    document.querySelectorAll('dialog').forEach(e => e.close());
    const again = button('reload', () => location.reload(), '');
    $('part').replaceChildren(again);
    $('hint').textContent = '';
    removeEventListener('hashchange', route);
    say(d('other'));
    again.focus();
    await new Promise(() => {});
  }
});

$('out').onclick = () => auth('POST', 'logout').then(() => {
  announce();
  location.replace('/sign-in');
}, e => complain(e));

try {
  [me] = await Promise.all([auth('GET', 'me'), speak()]);
  $('out').hidden = false;
  addEventListener('hashchange', route);
  route();
} catch (e) {
  complain(e);
}
