#!/usr/bin/env bash
# Signs one event and sends it, with retries. Needs curl and openssl.
set -euo pipefail
url=${TICKETSTREAM_URL:-http://127.0.0.1:8080/webhooks}
integration=${TICKETSTREAM_INTEGRATION:?} secret=${TICKETSTREAM_SECRET:?}

event_id=$(openssl rand -hex 16 | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/\1-\2-4\3-8\4-\5/')
event_type=ticket.created
timestamp=$(date -u +%Y-%m-%dT%H:%M:%SZ)
signature=$(printf %s "$event_id$event_type$timestamp" | openssl dgst -sha256 -hmac "$secret" -hex | sed 's/^.* //')

body=$(cat <<JSON
{
  "event_id": "$event_id", "event_type": "$event_type", "timestamp": "$timestamp",
  "signature": "$signature", "version": "1.2",
  "source": {"platform": "my-crm", "integration_id": "$integration", "environment": "production"},
  "payload": {
    "ticket_id": "TKT-8F3A21C0", "created_at": "$timestamp",
    "customer": {"telegram_user_id": 4503599627370495, "first_name": "Mira"},
    "channel": {"type": "direct_message", "chat_id": 77},
    "initial_message": {"message_id": "1", "text": "Паке́т не пришёл 📦", "content_type": "text"}
  }
}
JSON
)

# The second signature covers the body too.
sent_at=$(date +%s)
body_signature=$(printf '%s.%s.%s' "$event_id" "$sent_at" "$body" | openssl dgst -sha256 -hmac "$secret" -binary | base64)

# Tries again without an answer within 5 s, and after 408, 429 and 5xx (it obeys Retry-After).
curl --silent --show-error --fail-with-body --max-time 5 --retry 4 --retry-delay 5 --retry-connrefused "$url" \
  -H 'content-type: application/json' \
  -H "webhook-id: $event_id" -H "webhook-timestamp: $sent_at" -H "webhook-signature: v1,$body_signature" \
  --data-binary "$body"
