// What a statement may not reach through the local ClickHouse endpoint: files of the machine
// outside user_files, programs, the network. Each attempt must be refused with a clear error,
// read nothing of a secret file, write nothing beside it, and call nobody.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const endpoint = new URL(process.env['CLICKHOUSE_URL'] ?? 'http://127.0.0.1:8123');
const authorization = `Basic ${Buffer.from(`${decodeURIComponent(endpoint.username) || 'default'}:${decodeURIComponent(endpoint.password)}`).toString('base64')}`;
const database = `confined_${process.pid}`;
const secret = randomUUID();
const outside = mkdtempSync(join(tmpdir(), 'outside-'));
const secretFile = join(outside, 'secret.txt');

let listener: Server;
let calls = 0;
let port = 0;

interface Answer { readonly status: number; readonly text: string; readonly code: string | null }

async function ask(sql: string | FormData, parameters: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${endpoint.protocol}//${endpoint.host}/?${new URLSearchParams({ database, ...parameters }).toString()}`, { method: 'POST', headers: { authorization }, body: sql });
  return { status: response.status, text: await response.text(), code: response.headers.get('x-clickhouse-exception-code') };
}

async function works(sql: string, parameters: Record<string, string> = {}): Promise<string> {
  const answer = await ask(sql, parameters);
  expect(answer.status, `${sql}: ${answer.text}`).toBe(200);
  return answer.text;
}

/** Refusals that say why: not allowed, not there for this user, no such thing in this engine. */
const REFUSALS = ['36', '46', '48', '56', '60', '62', '81', '164', '291', '318', '344', '358', '452', '481', '497', '701'];

async function refused(sql: string | FormData, parameters: Record<string, string> = {}): Promise<void> {
  const answer = await ask(sql, parameters);
  const shown = `${typeof sql === 'string' ? sql : 'a form'} → ${answer.status} ${answer.text.slice(0, 400)}`;
  expect(answer.status, shown).toBeGreaterThanOrEqual(400);
  expect(REFUSALS, shown).toContain(answer.code ?? '');
  expect(answer.text, shown).not.toContain(secret);
}

beforeAll(async () => {
  writeFileSync(secretFile, `${secret}\n`);
  listener = createServer((socket) => {
    calls++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  port = (listener.address() as AddressInfo).port;
  await works(`CREATE DATABASE ${database}`, { database: 'default' });
  await works('CREATE TABLE here (a String) ENGINE = MergeTree ORDER BY a');
});

afterAll(async () => {
  await works(`DROP DATABASE ${database}`, { database: 'default' });
  listener.close();
  rmSync(outside, { recursive: true, force: true });
});

describe('ClickHouse endpoint, confined', () => {
  it('reads and writes files of user_files', async () => {
    const name = `kept-${randomUUID()}`;
    await works(`INSERT INTO FUNCTION file('${name}.csv', CSV, 'a Int32, b String') SELECT number, 'it''s' FROM numbers(3)`);
    expect(await works(`SELECT sum(a), any(b) FROM file('${name}.csv', CSV, 'a Int32, b String')`)).toBe("3\tit\\'s\n");
    expect(await works(`SELECT sum(a) FROM file('${name.slice(0, -3)}*.{csv,tsv}', CSV, 'a Int32, b String')`)).toBe('3\n');
    const path = (await works(`SELECT any(_path) FROM file('${name}.csv', CSV, 'a Int32, b String')`)).trim();
    expect(path).toMatch(/user_files/);
    expect(await works(`SELECT count() FROM file('${path}', CSV, 'a Int32, b String')`)).toBe('3\n');
    expect(await works(`SELECT length(file('${name}.csv')) > 0`)).toBe('1\n');
    await works(`INSERT INTO FUNCTION file('${name}.jsonl', JSONEachRow, 'a Int32') FORMAT JSONEachRow {"a": 1}`);
    expect(await works(`SELECT a FROM file('${name}.jsonl')`)).toBe('1\n');
  });

  it('refuses every other way to files of the machine', async () => {
    const escape = secretFile.slice(1);
    for (const path of [secretFile, `../../../../../../../../${escape}`, `x/../../../../../../../../${escape}`, `{.,x}{.,y}/{.,x}{.,y}/${escape}`, `/{tmp,var}/*/secret.txt`, `${outside}/*`, `{_partition_id}.csv`, '-', 'stdin', `./../${escape}`, `..\\x2f..\\x2f${escape}`, `/proc/self/environ`, `file://${secretFile}`, `${outside}/a.zip :: b`]) {
      await refused(`SELECT * FROM file('${path}', LineAsString)`);
      await refused(`SELECT file('${path}')`);
      await refused(`INSERT INTO FUNCTION file('${path === secretFile ? `${outside}/new.txt` : path}', LineAsString, 'line String') SELECT 'x'`);
    }
    for (const sql of [
      "SELECT * FROM file(0, LineAsString, 'line String')",
      `SELECT * FROM \`file\`('${secretFile}', LineAsString)`,
      `SELECT \`fi\\x6ce\`('${secretFile}')`,
      `SELECT "file"('${secretFile}')`,
      `SELECT file /* a comment */ ('${secretFile}')`,
      `SELECT file(concat('${outside}', '/secret.txt'))`,
      `WITH '${secretFile}' AS p SELECT file(p)`,
      `SELECT * APPLY file FROM (SELECT '${secretFile}')`,
      `SELECT * APPLY (x -> file(x)) FROM (SELECT '${secretFile}')`,
      `SELECT arrayMap(x -> file(x), ['${secretFile}'])`,
      `EXPLAIN SELECT file('${secretFile}')`,
      `SELECT * FROM '${secretFile}'`,
      `SELECT * FROM \`${secretFile}\``,
      `SELECT * FROM default.\`${secretFile}\``,
      `DESCRIBE TABLE default.\`${secretFile}\``,
      `DESCRIBE TABLE file('${secretFile}', LineAsString)`,
      `SELECT * FROM (SELECT * FROM file('${secretFile}', LineAsString))`,
      `SELECT * FROM url('file://${secretFile}', LineAsString)`,
      `SELECT * FROM fileCluster('default', '${secretFile}', LineAsString)`,
      `SELECT * FROM filesystem('${outside}')`,
      `SELECT * FROM sqlite('${outside}/x.db', 't')`,
      `SELECT * FROM icebergLocal('${outside}')`,
      `SELECT * FROM deltaLakeLocal('${outside}')`,
      `SELECT * FROM loop(file('${secretFile}', LineAsString)) LIMIT 1`,
      `SELECT catboostEvaluate('${secretFile}', 1)`,
      `CREATE TABLE f (line String) ENGINE = File(LineAsString, '${secretFile}')`,
      'CREATE TABLE f (line String) ENGINE = File(LineAsString)',
      `CREATE TEMPORARY TABLE f (line String) ENGINE = File(LineAsString, '${secretFile}')`,
      `CREATE TABLE f (line String) ENGINE = FileLog('${outside}', 'LineAsString')`,
      `CREATE TABLE f (line String) ENGINE = EmbeddedRocksDB(0, '${outside}/rocks') PRIMARY KEY line`,
      `CREATE TABLE f (line String) ENGINE = SQLite('${outside}/x.db', 't')`,
      `CREATE TABLE f AS file('${secretFile}', LineAsString)`,
      `CREATE TABLE f ENGINE = Memory AS SELECT file('${secretFile}') AS line`,
      `CREATE TABLE f (line String DEFAULT file('${secretFile}')) ENGINE = Memory`,
      `CREATE FUNCTION reads AS (x) -> file(x)`,
      `CREATE VIEW f AS SELECT file('${secretFile}') AS line`,
      `CREATE VIEW f (line String) DEFINER = default SQL SECURITY DEFINER AS SELECT * FROM \`${secretFile}\``,
      `CREATE DATABASE f ENGINE = Filesystem('${outside}')`,
      `CREATE DATABASE f ENGINE = SQLite('${outside}/x.db')`,
      `CREATE DATABASE f ENGINE = Backup('x', File('${outside}/b'))`,
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(FILE(PATH '${secretFile}' FORMAT 'LineAsString')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(LIBRARY(PATH '${outside}/x.so')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(CLICKHOUSE(QUERY 'SELECT file(\\'${secretFile}\\') AS a')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(CLICKHOUSE(QUERY 'SELECT \`fi\\\\x6ce\`(\\'${secretFile}\\') AS a')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE TABLE f (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '${outside}/')`,
      `CREATE TABLE f (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = object_storage, object_storage_type = local, metadata_type = plain, path = '${outside}/')`,
      `ALTER TABLE here MODIFY SETTING disk = disk(type = local, path = '${outside}/')`,
      `ALTER TABLE here UPDATE a = file('${secretFile}') WHERE 1`,
      `ATTACH TABLE f FROM '${outside}' (a Int8) ENGINE = MergeTree ORDER BY a`,
      `BACKUP TABLE here TO File('${outside}/backup')`,
      `BACKUP TABLE here TO Disk('default', 'backup')`,
      `RESTORE TABLE here FROM File('${outside}/backup')`,
      `SELECT 1 INTO OUTFILE '${outside}/out'`,
      `SELECT 1 INTO\u00a0OUTFILE '${outside}/out'`,
      `SELECT 1 INTO /**/ OUTFILE ‘${outside}/out’`,
      `SELECT 1 // a comment\n INTO OUTFILE '${outside}/out'`,
      `SHOW TABLES INTO OUTFILE '${outside}/out'`,
      `INSERT INTO here FROM INFILE '${secretFile}' FORMAT LineAsString`,
      `INSERT INTO here FROM\u00a0INFILE '${secretFile}' FORMAT LineAsString`,
      `INSERT INTO here FROM\u3000INFILE '${secretFile}' SELECT * FROM input('a String') FORMAT LineAsString`,
      `SELECT 1;SELECT file('${secretFile}')`,
      `SELECT * FROM format(Values, 'a String', '(file(\\'${secretFile}\\'))')`,
      `SELECT * FROM format(JSONEachRow, 'a String DEFAULT file(\\'${secretFile}\\'), b Int8', '{"b": 1}')`,
      `SELECT * FROM format(JSONEachRow, concat('a String DEFAULT fi', 'le(\\'${secretFile}\\'), b Int8'), '{"b": 1}')`,
      `INSERT INTO FUNCTION null('a Int8 DEFAULT toInt8(file(\\'${secretFile}\\')), b Int8') (b) SELECT 1`,
      `INSERT INTO here SELECT a FROM input('a String DEFAULT file(\\'${secretFile}\\'), b Int8') FORMAT JSONEachRow {"b": 1}`,
      `INSERT INTO here VALUES (file('${secretFile}'))`,
      `INSERT INTO here VALUES ((SELECT a FROM format(JSONEachRow, concat('a String DEFAULT fi', 'le(\\'${secretFile}\\'), b Int8'), '{"b": 1}')))`,
      `INSERT INTO here VALUES (file/* a comment */('${secretFile}'))`,
      `INSERT INTO here VALUES ('a'), (\`fi\\x6ce\`('${secretFile}'))`,
      `INSERT INTO here SETTINGS input_format_values_interpret_expressions = 1 VALUES (file('${secretFile}'))`,
      `SELECT 1 FORMAT Template SETTINGS format_template_row = '${secretFile}'`,
      `SELECT * FROM format(Protobuf, 'a Int8', '') SETTINGS format_schema = '${secretFile}:X'`,
      `SET format_schema = '${secretFile}:X'`,
      `SELECT * FROM eval('SELECT file(''${secretFile}'')') SETTINGS allow_experimental_eval_table_function = 1`,
      `SELECT * FROM system.one SETTINGS additional_result_filter = 'file(\\'${secretFile}\\') = 1'`,
      `SELECT * FROM system.one SETTINGS additional_table_filters = {'system.one': 'file(\\'${secretFile}\\') = 1'}`,
      `SELECT * FROM system.one SETTINGS additional_table_filters = {'system.one': 'fi\\x6ce(\\'${secretFile}\\') = 1'}`,
      `SET additional_table_filters = '{\\'system.one\\': \\'fi\\\\x6ce(1) = 1\\'}'`,
      `SELECT 1 SETTINGS input_format_record_errors_file_path = '${outside}/errors'`,
      `SELECT 1 SETTINGS output_format_schema = '${outside}/schema' FORMAT Protobuf`,
      `CREATE DICTIONARY f (a UInt64) PRIMARY KEY a SOURCE(NULL()) LAYOUT(SSD_CACHE(PATH '${outside}/ssd')) LIFETIME(0)`,
      "SELECT 1 SETTINGS dialect = 'kusto'",
      'SET ROLE user_files',
      'SET DEFAULT ROLE user_files TO default',
      'EXECUTE AS default SELECT 1',
      'GRANT READ ON FILE TO default',
      'CREATE USER other',
      'SYSTEM SHUTDOWN',
      'SYSTEM KILL',
    ]) await refused(sql);
    await refused('SELECT * FROM {t:Identifier}', { param_t: secretFile });
    await refused(`INSERT INTO here VALUES (file('${secretFile}'))`, { input_format_values_interpret_expressions: '1' });
    await refused('SELECT {p:String}, file({p:String})', { param_p: secretFile });
    await refused('SELECT 1', { format_schema: `${secretFile}:X` });
    await refused('SELECT * FROM system.one', { additional_result_filter: `file('${secretFile}') = 1` });
    await refused('SELECT * FROM system.one', { additional_table_filters: `{'system.one': 'fi\\x6ce(\\'${secretFile}\\') = 1'}` });
    await refused('SELECT 1', { input_format_record_errors_file_path: `${outside}/errors` });
    const form = new FormData();
    form.set('query', 'SELECT * FROM t');
    form.set('t', new Blob(['{"b": 1}\n']), 't.json');
    await refused(form, { t_format: 'JSONEachRow', t_structure: `a String DEFAULT file('${secretFile}'), b Int8` });
    expect(await works('SELECT count() FROM here')).toBe('0\n');
    expect(readdirSync(outside)).toStrictEqual(['secret.txt']);
  });

  it('runs no programs', async () => {
    const touch = `touch ${outside}/ran`;
    for (const sql of [
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(EXECUTABLE(COMMAND '${touch}' FORMAT 'LineAsString')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(EXECUTABLE_POOL(COMMAND '${touch}' FORMAT 'LineAsString')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE OR REPLACE DICTIONARY f (a String) PRIMARY KEY a SOURCE(executable(COMMAND '${touch}' FORMAT 'LineAsString')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `ATTACH DICTIONARY f (a String) PRIMARY KEY a SOURCE(EXECUTABLE(COMMAND '${touch}' FORMAT 'LineAsString')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `SELECT * FROM executable('${touch}', TSV, 'a String')`,
      `CREATE TABLE f (a String) ENGINE = Executable('${touch}', TSV)`,
      `CREATE TABLE f (a String) ENGINE = ExecutablePool('${touch}', TSV)`,
    ]) await refused(sql);
    expect(readdirSync(outside)).toStrictEqual(['secret.txt']);
  });

  it('calls nobody', async () => {
    const host = `127.0.0.1:${port}`;
    for (const sql of [
      `SELECT * FROM url('http://${host}/', CSV, 'a String')`,
      `SELECT * FROM url('http://${host}/')`,
      `DESCRIBE TABLE url('http://${host}/x.csv')`,
      `SELECT * FROM s3('http://${host}/bucket/key.csv')`,
      `SELECT * FROM s3('http://${host}/bucket/key', CSV, 'a String')`,
      `SELECT * FROM gcs('http://${host}/bucket/key', CSV, 'a String')`,
      `SELECT * FROM hdfs('hdfs://${host}/x', CSV, 'a String')`,
      `SELECT * FROM azureBlobStorage('http://${host}/x', 'c', 'b', 'account', 'a2V5', CSV, 'auto', 'a String')`,
      `SELECT * FROM iceberg('http://${host}/bucket/x')`,
      `SELECT * FROM deltaLake('http://${host}/bucket/x')`,
      `SELECT * FROM hudi('http://${host}/bucket/x')`,
      `SELECT * FROM remote('${host}', system.one)`,
      `SELECT * FROM remoteSecure('${host}', system.one)`,
      `SELECT * FROM cluster('default', system.one)`,
      `SELECT * FROM mysql('${host}', 'a', 'b', 'c', 'd')`,
      `SELECT * FROM postgresql('${host}', 'a', 'b', 'c', 'd')`,
      `SELECT * FROM mongodb('${host}', 'a', 'b', 'c', 'd', 'a String')`,
      `SELECT * FROM redis('${host}', 'a', 'a String')`,
      `SELECT * FROM jdbc('x', 'y', 'z')`,
      `SELECT * FROM odbc('x', 'y', 'z')`,
      `INSERT INTO FUNCTION url('http://${host}/', CSV, 'a String') SELECT 'x'`,
      `CREATE TABLE f (a String) ENGINE = URL('http://${host}/', CSV)`,
      `CREATE TABLE f (a String) ENGINE = Kafka('${host}', 't', 'g', 'CSV')`,
      `CREATE TABLE f (a String) ENGINE = RabbitMQ SETTINGS rabbitmq_host_port = '${host}', rabbitmq_exchange_name = 'e', rabbitmq_format = 'CSV'`,
      `CREATE TABLE f (a String) ENGINE = NATS SETTINGS nats_url = '${host}', nats_subjects = 's', nats_format = 'CSV'`,
      `CREATE TABLE f (a String) ENGINE = MySQL('${host}', 'd', 't', 'u', 'p')`,
      `CREATE TABLE f (a String) ENGINE = PostgreSQL('${host}', 'd', 't', 'u', 'p')`,
      `CREATE TABLE f (a String) ENGINE = MongoDB('${host}', 'd', 'c', 'u', 'p')`,
      `CREATE TABLE f (a String) ENGINE = Redis('${host}') PRIMARY KEY a`,
      `CREATE TABLE f (a String) ENGINE = Distributed('default', 'system', 'one')`,
      `CREATE TABLE f (a String) ENGINE = S3Queue('http://${host}/bucket/*', CSV) SETTINGS mode = 'ordered'`,
      `CREATE TABLE f (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = web, endpoint = 'http://${host}/')`,
      `CREATE TABLE f (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = s3, endpoint = 'http://${host}/bucket/', access_key_id = 'a', secret_access_key = 'b')`,
      `CREATE DATABASE f ENGINE = MySQL('${host}', 'a', 'b', 'c')`,
      `CREATE DATABASE f ENGINE = PostgreSQL('${host}', 'a', 'b', 'c')`,
      `CREATE DATABASE f ENGINE = S3('http://${host}/bucket/')`,
      `CREATE DATABASE f ENGINE = DataLakeCatalog('http://${host}') SETTINGS catalog_type = 'rest', warehouse = 'w'`,
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(HTTP(URL 'http://${host}/' FORMAT 'CSV')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(CLICKHOUSE(HOST '127.0.0.1' PORT ${port} TABLE 'x' DB 'y')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(MYSQL(HOST '127.0.0.1' PORT ${port} TABLE 'x' DB 'y')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(REDIS(HOST '127.0.0.1' PORT ${port})) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
      `CREATE NAMED COLLECTION f AS url = 'http://${host}/'`,
      `BACKUP TABLE here TO S3('http://${host}/bucket/', 'a', 'b')`,
      `RESTORE TABLE here FROM S3('http://${host}/bucket/', 'a', 'b')`,
      `SELECT * FROM format(AvroConfluent, 'a Int8', unhex('000000000102')) SETTINGS format_avro_schema_registry_url = 'http://${host}'`,
    ]) await refused(sql);
    expect(calls).toBe(0);
  });

  it('says which setting allows it', async () => {
    const { status, text } = await ask(`CREATE DICTIONARY f (a String) PRIMARY KEY a SOURCE(HTTP(URL 'http://127.0.0.1/' FORMAT 'CSV')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`);
    expect(status).toBe(403);
    expect(text).toMatch(/SOURCE\(HTTP\) is not allowed: .*CLICKHOUSE_EXTERNAL_ACCESS=on/);
  });

  it('leaves alone what only looks like it', async () => {
    expect(await works("SELECT 'file(x)' AS file, file || '; INTO OUTFILE' AS disk, format('{}-{}', 'a', 'b') AS role")).toBe('file(x)\tfile(x); INTO OUTFILE\ta-b\n');
    await works("INSERT INTO here VALUES ('a file, select'), (concat('b', 'c')), ('d')");
    await works("INSERT INTO here VALUES ('see file (1), it''s \\'x\\''), (concat('b', 'c')), ('file(')");
    await works('CREATE TABLE file (file String, `a/b` Int8 DEFAULT length(file)) ENGINE = MergeTree ORDER BY file');
    await works('INSERT INTO file (file) SELECT * FROM values((\'x\'), (\'yy\'))');
    expect(await works('SELECT sum(`a/b`) FROM file WHERE file IN (SELECT file FROM file)')).toBe('3\n');
    await works("CREATE DICTIONARY names (a String, n UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(QUERY 'SELECT file AS a, count() AS n FROM " + database + ".file GROUP BY a')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)");
    expect(await works("SELECT dictGet('names', 'n', tuple('yy'))")).toBe('1\n');
    expect(await works("SELECT * FROM format(CSV, '1,2')")).toBe('1\t2\n');
    expect(await works('SELECT n FROM values(\'n Int8, s String\', (1, \'x\'), (2, \'it\'\'s\'))', { additional_result_filter: "n != 1" })).toBe('2\n');
    expect(await works('SELECT number FROM system.numbers LIMIT 1', { additional_table_filters: "{'system.numbers': 'toString(number) = \\'7\\''}" })).toBe('7\n');
    expect(await works("SELECT number FROM system.numbers LIMIT 1 SETTINGS additional_table_filters = {'system.numbers': 'number > 8'}")).toBe('9\n');
  });
});
