"""Signs one event and sends it, with retries. Python 3, nothing to install."""
import base64
import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("TICKETSTREAM_URL", "http://127.0.0.1:8080/webhooks")
INTEGRATION = os.environ["TICKETSTREAM_INTEGRATION"]
SECRET = os.environ["TICKETSTREAM_SECRET"].encode()
PAUSES = [5, 30, 300, 300]  # seconds between five attempts
TIMEOUT = 5


def hmac_sha256(text):
    return hmac.new(SECRET, text, hashlib.sha256)


def signed(event_type, payload):
    event_id, timestamp = str(uuid.uuid4()), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "event_id": event_id, "event_type": event_type, "timestamp": timestamp,
        "signature": hmac_sha256((event_id + event_type + timestamp).encode()).hexdigest(), "version": "1.2",
        "source": {"platform": "my-crm", "integration_id": INTEGRATION, "environment": "production"},
        "payload": payload,
    }


def post(event_id, body):
    sent_at = str(int(time.time()))
    signature = base64.b64encode(hmac_sha256(f"{event_id}.{sent_at}.".encode() + body).digest()).decode()  # covers the body too
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id, "webhook-timestamp": sent_at, "webhook-signature": f"v1,{signature}",
    }
    with urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=TIMEOUT) as answer:
        return json.load(answer)


def send(event):
    body = json.dumps(event, ensure_ascii=False).encode()
    for pause in [*PAUSES, None]:
        asked = 0
        try:
            return post(event["event_id"], body)
        except urllib.error.HTTPError as error:
            problem = f"{error.code} {error.read().decode()}"
            if error.code < 500 and error.code not in (408, 429):
                break  # it would be refused again
            asked = int(error.headers.get("retry-after", 0))
        except OSError as error:
            problem = str(error)  # no connection, or no answer in time
        if pause is not None:
            time.sleep(max(pause, asked))
    raise SystemExit(f"not sent: {problem}")


print(json.dumps(send(signed("ticket.created", {
    "ticket_id": "TKT-8F3A21C0",
    "created_at": "2026-03-02T09:00:00.000Z",
    "customer": {"telegram_user_id": 4503599627370495, "first_name": "Mira"},
    "channel": {"type": "direct_message", "chat_id": 77},
    "initial_message": {"message_id": "1", "text": "Паке́т не пришёл 📦", "content_type": "text"},
}))))
