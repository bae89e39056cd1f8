// POST /auth/2fa/verify-setup (authenticated)
await fetch('/auth/2fa/verify-setup', {
method: 'POST',
headers: { 'Content-Type': 'application/json' },
credentials: 'include',
body: JSON.stringify({ token: '123456', secret }),
});
