// Step 2: Submit TOTP code → full session
await fetch('/auth/2fa/verify', {
method: 'POST',
headers: { 'Content-Type': 'application/json' },
credentials: 'include',
body: JSON.stringify({ tempToken, totpCode: '123456' }),
});
