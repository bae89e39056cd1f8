const validate2FA = async (clientId, userOtpCode) => {
  const res = await fetch('https://your-kanda-server/api/totp/validate', {
    method: 'POST',
    headers: {
      'Authorization': `Bearer ${token}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ clientId, token: userOtpCode }),
  });
  const { valid } = await res.json();
  return valid; // true or false
};
