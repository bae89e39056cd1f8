import httpx
resp = httpx.get(
"https://auth.toolkitapi.io/v1/auth/totp-generate?issuer=MyApp&account_name=user@example.com&digits=6&period=30",
)
print(resp.json())
