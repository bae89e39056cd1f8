curl -X POST https://your-kanda-server/api/totp/register \
     -H "Authorization: Bearer $TOKEN" \
     -H "Content-Type: application/json" \
     -d '{"clientId":"user-123","label":"alice@example.com","issuer":"MyApp"}'
