"""Decodes golden samples with fastavro, under the writer's schema resolved to each reader's."""
import base64
import io
import json
import sys

import fastavro

request = json.load(sys.stdin)


def without_logical_types(node):
    """Times stay whole numbers, so that they can be compared."""
    if isinstance(node, list):
        return [without_logical_types(item) for item in node]
    if isinstance(node, dict):
        return {key: without_logical_types(value) for key, value in node.items() if key != "logicalType"}
    return node


writer = fastavro.parse_schema(without_logical_types(request["writer"]))
answer = []
for schema in request["readers"]:
    reader = fastavro.parse_schema(without_logical_types(schema))
    values, trailing = [], 0
    for body in request["bodies"]:
        stream = io.BytesIO(base64.b64decode(body))
        values.append(fastavro.schemaless_reader(stream, writer, reader))
        trailing += len(stream.read())
    answer.append({"values": values, "trailing": trailing})
json.dump(answer, sys.stdout)
