const getToken = async () => {
  const res = await fetch('https://your-kanda-server/api/auth/token', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ apiKey: 'kan_your_api_key_here' }),
  });
  const { token } = await res.json();
  return token;
};
