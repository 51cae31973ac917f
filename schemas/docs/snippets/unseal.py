"""Opens the sealed personal fields of an event, with the keys that there are. Needs confluent-kafka, cryptography."""
import base64
import json
import os
import re

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = "enc:v1:"  # enc:v1:<key id, 16 hex digits>:<base64 of nonce (12 bytes), ciphertext, tag (16 bytes)>
PART = re.compile(r"enc:v2:(\d+):(\d+)")  # of what stands in extra["sealed"], several texts as one: begin and length in bytes


class Keys:
    """The topic of keys, read to its end whenever a key is not known yet: a key is there before what it seals."""

    def __init__(self):
        self.topic = f"crm.{os.environ.get('ENVIRONMENT', 'production')}.keys"
        self.keys = {}
        self.next = 0
        self.consumer = Consumer({
            "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092"),
            "group.id": "my-keys",  # nothing is committed: every process begins at the start
            "enable.auto.commit": False,
        })
        self.consumer.assign([TopicPartition(self.topic, 0, OFFSET_BEGINNING)])

    def read_on(self):
        low, high = self.consumer.get_watermark_offsets(TopicPartition(self.topic, 0), timeout=10)
        while max(self.next, low) < high:
            message = self.consumer.poll(1.0)
            if message is None or message.error():
                continue
            self.next = message.offset() + 1
            name = message.key().decode()
            if name.startswith("key/"):
                key_id = name[len("key/"):]
                if message.value() is None:  # deleted: whoever it was about is forgotten
                    self.keys.pop(key_id, None)
                else:
                    self.keys[key_id] = base64.b64decode(json.loads(message.value())["key"])

    def find(self, key_id):
        if key_id not in self.keys:
            self.read_on()
        return self.keys.get(key_id)


def unseal(text, key):
    """The bytes of what is sealed; None without the key."""
    try:
        sealed = base64.b64decode(text[len(MARK) + 17:])
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], None) if key else None
    except (InvalidTag, ValueError):  # another key's, or nothing that was ever sealed
        return None


def opened(event, keys):
    """A plain event as it is; of a sealed one every text that is sealed, wherever it stands."""
    key_id = event["extra"].get("key_id")
    if key_id is None:
        return event
    key = keys.find(key_id)
    several = event["extra"].get("sealed")
    together = several and unseal(several, key)

    def text_of(text):
        part = PART.fullmatch(text) if several else None
        if part:
            begin, length = map(int, part.groups())
            return None if together is None else together[begin:begin + length].decode()
        if not text.startswith(MARK):
            return text
        opened = unseal(text, key)
        return None if opened is None else opened.decode()

    def walk(value):
        if isinstance(value, dict):
            return {name: walk(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        return text_of(value) if isinstance(value, str) else value

    event = walk(event)
    extra = {name: text for name, text in event["extra"].items() if text is not None and name not in ("key_id", "sealed")}
    if "metadata" in event:  # only what all may read stands in the field itself
        event["metadata"] = extra.pop("/payload/metadata", event["metadata"])
    return {**event, "extra": extra}
