const res = await fetch('https://your-kanda-server/api/totp/register', {
  method: 'POST',
  headers: {
    'Authorization': `Bearer ${token}`,
    'Content-Type': 'application/json',
  },
  body: JSON.stringify({
    clientId: 'user-123',
    label: 'alice@example.com',
    issuer: 'MyApp',
  }),
});

const { secret, qrDataUrl } = await res.json();
// Show qrDataUrl as <img src={qrDataUrl}> — let user scan it
// Store nothing — Kanda stores the secret for you
