curl -X POST https://your-kanda-server/api/totp/rotate/user-123 \
     -H "Authorization: Bearer $TOKEN"
