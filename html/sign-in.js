// Signs somebody in at /auth/ and goes on to where they wanted to be:
//
//   /sign-in?next=/app/page           with a password, and a code if one is set up
//   /sign-in?need=otp&next=/app/page  with a code alone, while there is a session

const forms = {
  password: document.getElementById('password'),
  code: document.getElementById('code'),
};
const said = document.getElementById('said');

let tempToken = null;       // of a login that waits for its code


// Where to go on: a path of this host, or /. It stands there escaped, unless it
// has a query of its own: then as it is, up to the end, because not everybody
// who sends people here can escape it.

function destination() {
  const here = location.origin;

  try {
    const raw = /[?&]next=(.*)$/.exec(location.search)[1];
    const next = /^\/.*\?/.test(raw) ? raw
      : decodeURIComponent(raw.split('&')[0]);
    const url = new URL(next, here);

    if (url.origin === here && /^\/(?![/\\])/.test(next)) {
      return url.href;
    }
  } catch {
    // there is none, or it is no address
  }

  return here + '/';
}


async function ask(method, path, body) {
  const csrf = /(?:^|; )csrf-token=([0-9a-f]{32})(?:;|$)/.exec(document.cookie);
  const headers = { 'Content-Type': 'application/json' };

  if (csrf) {
    headers['X-CSRF-Token'] = csrf[1];
  }

  const answer = await fetch(`/auth/${path}`, {
    method, headers, body: body && JSON.stringify(body) });

  let json;
  try {
    json = await answer.json();
  } catch {
    json = {};
  }

  return { ...json, ok: answer.ok, status: answer.status,
           wait: answer.headers.get('Retry-After') };
}


// The session may outlive its access token: then it is refreshed, once.

async function asked(method, path, body) {
  const answer = await ask(method, path, body);

  return answer.status === 403 && !answer.code
         && (await ask('POST', 'refresh')).ok
         ? ask(method, path, body) : answer;
}


function show(name, text = '') {
  for (const form of Object.values(forms)) {
    form.hidden = form !== forms[name];
  }

  forms.password.elements.password.value = '';
  forms.code.elements.code.value = '';
  said.textContent = text;
  forms[name]?.elements[0].focus();
}


function refused(answer, otherwise) {
  if (answer.status === 429) {
    return `Too many attempts. Try again in ${answer.wait ?? 'some'} seconds.`;
  }

  return answer.status >= 500 ? 'This does not work just now. Try again soon.'
                              : otherwise;
}


async function signIn({ email, password }) {
  const answer = await ask('POST', 'login', { email, password });

  if (answer.requiresTwoFactor) {
    tempToken = answer.tempToken;
    show('code');
  } else if (answer.ok) {
    location.replace(destination());
  } else if (answer.requires2FASetup) {
    show('password', 'Your account needs a second factor first.');
  } else {
    show('password', refused(answer, 'Email or password is not right.'));
  }
}


async function showCode({ code }) {
  const answer = tempToken
    ? await ask('POST', '2fa/verify', { tempToken, totpCode: code })
    : await asked('POST', '2fa/step-up', { totpCode: code });

  if (answer.ok) {
    location.replace(destination());
  } else if (answer.status === 403 || answer.code === 'INVALID_ACCESS_TOKEN') {
    tempToken = null;
    show('password', 'That took too long. Sign in once more.');
  } else {
    show('code', refused(answer, 'That code is not right, or was used before.'));
  }
}


function submit(form, act) {
  form.addEventListener('submit', async (event) => {
    const button = form.querySelector('button');

    event.preventDefault();
    button.disabled = true;

    try {
      await act(Object.fromEntries(new FormData(form)));
    } catch {
      said.textContent = 'The server cannot be reached.';
    }

    button.disabled = false;
  });
}


async function start() {
  submit(forms.password, signIn);
  submit(forms.code, showCode);

  if (new URLSearchParams(location.search).get('need') !== 'otp') {
    return show('password');
  }

  const me = await asked('GET', 'me');

  if (!me.ok) {
    show('password');
  } else if (me.isTotpEnabled) {
    show('code');
  } else {
    show(null, 'What you asked for needs a second factor, and your account'
               + ' has none yet.');
  }
}

start();
