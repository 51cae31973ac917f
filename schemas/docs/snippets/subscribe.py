"""Reads the events of the log and hands each to handle(). Needs confluent-kafka, fastavro, requests."""
import collections
import io
import json
import os
import signal
import struct
import sys

import fastavro
import requests
from confluent_kafka import Consumer, KafkaException

TOPIC = f"crm.{os.environ.get('ENVIRONMENT', 'production')}.ticket-events"
REGISTRY = os.environ.get("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081/apis/ccompat/v7")
consumer = Consumer({
    "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092"),
    "group.id": os.environ.get("CONSUMER_GROUP", "my-consumer"),
    "auto.offset.reset": "earliest",  # a new group begins with the oldest event
    "enable.auto.commit": False,
})
schemas = {}
if "SCHEMAS_LOCK" in os.environ:  # a copy of schemas/schemas.lock.json: for when the registry is away or empty
    with open(os.environ["SCHEMAS_LOCK"], encoding="utf-8") as lock:
        schemas = {entry["id"]: fastavro.parse_schema(json.loads(entry["schema"])) for entry in json.load(lock)}
seen = collections.OrderedDict()  # the last events, to pass over copies of them
running = True


def handle(event_type, event):
    """Your effect. When it returns, it is done: a crash before the commit repeats it."""
    print(json.dumps({"event_type": event_type, "ticket_id": event["ticket_id"], "event_id": event["event_id"]}), flush=True)


def schema_of(schema_id):
    if schema_id not in schemas:
        answer = requests.get(f"{REGISTRY}/schemas/ids/{schema_id}", timeout=10)
        if answer.status_code == 404:
            raise ValueError(f"no schema {schema_id}")
        answer.raise_for_status()
        schemas[schema_id] = fastavro.parse_schema(json.loads(answer.json()["schema"]))
    return schemas[schema_id]


def decode(value):
    if value is None or len(value) < 5 or value[0] != 0:
        raise ValueError("not a zero byte and a schema id")
    schema = schema_of(struct.unpack(">I", value[1:5])[0])
    if not isinstance(schema, dict) or not schema.get("name", "").startswith("ticketstream.events."):
        raise ValueError("not an event of the contract")
    body = io.BytesIO(value[5:])
    try:
        event = fastavro.schemaless_reader(body, schema)
    except Exception as error:
        raise ValueError(f"not a record of its schema: {error!r}") from error
    if body.read(1):
        raise ValueError("bytes after the record")
    return event


def event_type(message):
    return dict(message.headers() or []).get("ce_type", b"").decode()


def is_copy(event):
    key = (event["source"]["integration_id"], event["ticket_id"], event["event_id"])
    copy = key in seen
    seen[key] = True
    if len(seen) > 100_000:
        seen.popitem(last=False)
    return copy


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
consumer.subscribe([TOPIC])
while running:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        if message.error().fatal():
            raise KafkaException(message.error())
        print(message.error(), file=sys.stderr)
        continue
    try:
        event = decode(message.value())
    except ValueError as error:  # poison: the services quarantine it; passing over it keeps the partition moving
        print(f"{message.topic()} {message.partition()}:{message.offset()}: {error}", file=sys.stderr)
    else:
        if not is_copy(event):
            handle(event_type(message), event)
    consumer.commit(message)
consumer.close()
