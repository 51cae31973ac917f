"""The analyst's Python client against the endpoint in CLICKHOUSE_URL, with its default options."""
import datetime
import os
from urllib.parse import unquote, urlparse

import clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

url = urlparse(os.environ["CLICKHOUSE_URL"])
database = os.environ["CLICKHOUSE_DATABASE"]


def connect(**options):
    return clickhouse_connect.get_client(
        host=url.hostname, port=url.port, username=unquote(url.username or "default"),
        password=unquote(url.password or ""), database=database, **options)


client = connect()
table = "by_clickhouse_connect"
columns = ["a", "s", "d", "l", "n", "list", "m"]
client.command(f"DROP TABLE IF EXISTS {table}")
client.command(
    f"CREATE TABLE {table} (a Int32, s String, d DateTime64(3, 'UTC'), l LowCardinality(String),"
    " n Nullable(Float64), list Array(String), m Map(String, String)) ENGINE = MergeTree ORDER BY a")
day = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
rows = [[i, f"x{i}é", day, "lc", None if i % 2 else 1.5, ["a", "b"], {"k": "v"}] for i in range(1000)]
assert client.insert(table, rows, column_names=columns).written_rows == 1000

found = client.query(f"SELECT * FROM {table} WHERE a = {{a:Int32}} AND s = {{s:String}}", parameters={"a": 5, "s": "x5é"})
row = found.result_rows[0]
assert (row[0], row[1], row[3:]) == (5, "x5é", ("lc", None, ["a", "b"], {"k": "v"})), row
assert client.command(f"SELECT count() FROM {table}") == 1000
assert client.query("SELECT getSetting('max_block_size')", settings={"max_block_size": 123}).result_rows == [(123,)]
assert client.raw_query("SELECT number FROM numbers(3)", fmt="CSV") == b"0\n1\n2\n"

with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(300000)") as stream:
    assert sum(len(block) for block in stream) == 300000

client.command("CREATE TEMPORARY TABLE mine (a Int32)")
client.raw_insert("mine", ["a"], b"7\n8\n", fmt="CSV")
assert client.query("SELECT sum(a) FROM mine").result_rows == [(15,)]

ids = ExternalData(file_name="ids.csv", fmt="CSV", structure="id Int32", data=b"1\n2\n3\n")
assert client.query(f"SELECT count() FROM {table} WHERE a IN (SELECT id FROM ids)", external_data=ids).result_rows == [(3,)]

try:
    client.query("SELECT nope")
    raise AssertionError("an unknown column is an error")
except DatabaseError as error:
    assert "UNKNOWN_IDENTIFIER" in str(error), error
try:
    with client.query_row_block_stream("SELECT number, throwIf(number = 5000000) FROM numbers(10000000)") as stream:
        for _ in stream:
            pass
    raise AssertionError("a failure in the middle of a stream is an error")
except StreamFailureError as error:
    assert "Code: 395" in str(error), error

for compress in ("lz4", "zstd", "gzip", False):
    other = connect(compress=compress)
    assert other.query("SELECT number, toString(number) FROM numbers(100000)").row_count == 100000
    assert other.insert(table, [[-1, "z"]], column_names=["a", "s"]).written_rows == 1
    other.close()
assert client.command(f"SELECT count() FROM {table} WHERE a = -1") == 4
client.command(f"DROP TABLE {table}")
print("all checks passed")
