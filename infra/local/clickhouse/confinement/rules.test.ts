import { describe, expect, it } from 'vitest';
import { checkSetting, isSuspicious, needsOf } from './rules.ts';

describe('statements that the engine is asked to read first', () => {
  it('are those that hold a word of danger, however it is written', () => {
    for (const sql of ["SELECT file('x')", 'SELECT `fi\\x6ce`(1)', "SELECT 1 INTO\xc2\xa0OUTFILE 'x'", "SELECT * FROM url/* c */('x')", "SELECT * FROM `s3`('x')", 'SET ROLE x', 'create dictionary d', "SELECT 1; SELECT 2", "BACKUP TABLE t TO File('x')", "SELECT * FROM iceberg\n('x')"]) {
      expect(isSuspicious(sql), sql).toBe(true);
    }
  });

  it('are not the usual ones, which are not slowed down', () => {
    for (const sql of ['SELECT profile, file_url FROM t WHERE x IS NULL', "INSERT INTO t (a) SETTINGS x = 1 FORMAT JSONEachRow", "SELECT url, cluster FROM queue.tickets WHERE a IN ('x')", 'SELECT count() FROM queue.backlog FORMAT JSON']) {
      expect(isSuspicious(sql), sql).toBe(false);
    }
  });

  it('takes time that grows with the text only', () => {
    const begun = performance.now();
    for (const part of ['(', ';', '\\', '`', 'null ', 'file', 'a', "'", '/*', '"\\']) isSuspicious(`SELECT ${part.repeat(300_000)}`);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

describe('what a statement needs of the machine', () => {
  it('is the paths that it names', () => {
    expect(needsOf("SELECT file('a'), file('b\\'c') FROM file('d', CSV, 'x Int8', 'none')").paths).toStrictEqual(['a', "b'c", 'd']);
    expect(needsOf("INSERT INTO FUNCTION file('a.csv') SELECT file FROM file WHERE file IN (1)").paths).toStrictEqual(['a.csv']);
    expect(needsOf("SELECT format('{} is {}', a, b + 1), 'file(x)', `file`").paths).toStrictEqual([]);
  });

  it('is also what the query of a dictionary needs', () => {
    const dictionary = "CREATE DICTIONARY d (`a` String) PRIMARY KEY a SOURCE(CLICKHOUSE(QUERY 'SELECT \\'x\\' AS a' INVALIDATE_QUERY 'SELECT 2' USER 'u')) LIFETIME(MIN 0 MAX 0) LAYOUT(FLAT())";
    expect(needsOf(dictionary).queries).toStrictEqual(["SELECT 'x' AS a", 'SELECT 2']);
    expect(needsOf("CREATE DICTIONARY d (`a` String) SOURCE(CLICKHOUSE(TABLE 't' DB 'd' WHERE 'x = 1'))").queries).toStrictEqual(['SELECT 1 WHERE x = 1']);
  });

  it('is refused where the engine would open a file as a table of the database default, and keep it open to all', () => {
    for (const sql of ['EXISTS DICTIONARY `/etc/passwd`', 'EXISTS DICTIONARY `default`.`/etc/passwd`', 'EXISTS DICTIONARY README', 'EXISTS DICTIONARY {t:Identifier}', 'EXISTS DICTIONARY {d:Identifier}.x', 'EXISTS DICTIONARY default.README']) {
      expect(isSuspicious(sql), sql).toBe(true);
      expect(() => needsOf(sql), sql).toThrow(/Code: 497\./);
    }
    expect(() => needsOf('EXISTS TABLE `/etc/passwd`')).toThrow(/Code: 497\./);
    expect(needsOf('EXISTS DICTIONARY queue.status_map').paths).toStrictEqual([]);
    expect(needsOf('EXISTS TABLE queue.tickets').paths).toStrictEqual([]);
  });

  it('is refused in a filter that comes as a setting, however it is spelt', () => {
    for (const value of ["file('x') = ''", "{'t': 'file(1)'}", "{\\'t\\': \\'fi\\\\x6ce(1)\\'}", '`fi\\x6ce`(1)', "format(CSV, '1')", "a = 'fi\\x6ce'"]) {
      for (const name of ['additional_table_filters', 'additional_result_filter', 'parallel_replicas_custom_key']) {
        expect(() => checkSetting(name, value), value).toThrow(/Code: 497\./);
        const sql = `SELECT 1 SETTINGS max_threads = 1, ${name} = '${value.replaceAll(/[\\']/g, '\\$&')}'`;
        expect(isSuspicious(sql), sql).toBe(true);
        expect(() => needsOf(sql), sql).toThrow(/Code: 497\./);
      }
    }
    expect(() => needsOf('SELECT 1 SETTINGS `additional_result\\x5ffilter` = \'file(1)\'')).toThrow(/Code: 497\./);
    expect(() => needsOf('SET additional_result_filter = {p:String}')).toThrow(/Code: 497\./);
    expect(() => checkSetting('additional_table_filters', "{'queue.tickets': 'integration_id = \\'acme\\''}")).not.toThrow();
    expect(needsOf("SELECT 1 SETTINGS additional_table_filters = {'t':'a != 3'}").paths).toStrictEqual([]);
    expect(() => checkSetting('log_comment', 'file(x)')).not.toThrow();
  });

  it('is refused if it is more than that', () => {
    for (const sql of ["SELECT file(concat('a', 'b'))", 'SELECT file({p:String})', 'SELECT file(0)', "SELECT * APPLY file", "CREATE TABLE t (`a` Int8) ENGINE = Brand_New('x')", "CREATE DICTIONARY d (`a` String) SOURCE(BRAND_NEW(X 'y'))",
      "CREATE DICTIONARY d (`a` String) SOURCE(CLICKHOUSE(HOST 'h' TABLE 't'))", "SELECT * FROM format(CSV, 'a Int8 DEFAULT 1', '1')", "SELECT * FROM file('x', CSV, concat('a ', 'Int8'))", "CREATE VIEW v AS SELECT * FROM `/etc/passwd`", "SELECT file('x') FROM `../y`", 'BACKUP TABLE t TO Null', "CREATE DICTIONARY d (`a` UInt64) PRIMARY KEY a SOURCE(NULL()) LAYOUT(SSD_CACHE(PATH '/tmp/x'))", "CREATE DICTIONARY d (`a` UInt64) PRIMARY KEY a SOURCE(NULL()) LAYOUT(complex_key_ssd_cache(PATH '/tmp/x'))", "SELECT 1 INTO OUTFILE 'x'"]) {
      expect(() => needsOf(sql), sql).toThrow(/Code: 497\./);
    }
  });
});
