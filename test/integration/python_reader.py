"""Reads one ticket's events from the topic as a stranger would: confluent-kafka, the registry's
schemas, fastavro. Prints one JSON object per record."""
import io
import json
import os
import struct
import sys
import time
import uuid

import fastavro
import requests
from confluent_kafka import Consumer

topic, ticket_id, expected = sys.argv[1], sys.argv[2], int(sys.argv[3])
opened, keys = (lambda event, _: event), None
if len(sys.argv) > 4:  # the folder of unseal.py
    sys.path.insert(0, sys.argv[4])
    import unseal
    opened, keys = unseal.opened, unseal.Keys()
consumer = Consumer({
    "bootstrap.servers": os.environ["KAFKA_BROKERS"],
    "group.id": f"python-reader-{uuid.uuid4()}",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
})
consumer.subscribe([topic])
schemas = {}
found = 0
deadline = time.time() + 60
while found < expected and time.time() < deadline:
    message = consumer.poll(1.0)
    if message is None or message.error() or message.key() != ticket_id.encode():
        continue
    magic, schema_id = struct.unpack(">bI", message.value()[:5])
    if schema_id not in schemas:
        answer = requests.get(f"{os.environ['SCHEMA_REGISTRY_URL']}/schemas/ids/{schema_id}", timeout=10)
        schemas[schema_id] = fastavro.parse_schema(json.loads(answer.json()["schema"]))
    body = io.BytesIO(message.value()[5:])
    record = opened(fastavro.schemaless_reader(body, schemas[schema_id]), keys)
    record["timestamp"] = record["timestamp"].isoformat()
    print(json.dumps({
        "magic": magic,
        "trailing": len(body.read()),
        "headers": {name: value.decode() for name, value in message.headers()},
        "record": record,
    }, default=str))
    found += 1
consumer.close()
sys.exit(0 if found == expected else 1)
