// Step 1: Initial login → 2FA challenge
const loginRes = await fetch('/auth/login', {
method: 'POST',
headers: { 'Content-Type': 'application/json' },
credentials: 'include',
body: JSON.stringify({ email, password }),
}).then(r => r.json());

if (loginRes.requiresTwoFactor) {
const { tempToken, available2faMethods } = loginRes;
// Show the TOTP input to the user
}
