curl -X POST https://your-kanda-server/api/auth/token \
     -H "Content-Type: application/json" \
     -d '{"apiKey": "kan_your_api_key_here"}'
