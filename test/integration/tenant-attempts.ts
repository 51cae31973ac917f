// What an analyst of acme tries, to see something of globex, and what it may ask. SECRET stands in what globex has: the id of
// a ticket, texts, an agent and its name, a table; {snapshot} is a snapshot of everybody, {ours} a ticket of acme;
// queue.of_mixed shows the word 1 of acme and another of globex.

export type Parameters = Readonly<Record<string, string>>;

export type Attempt = readonly [sql: string, parameters?: Parameters];

/** What may not be asked at all. */
export const refused: readonly Attempt[] = [
  // Tables behind the views, in every place where a table can be named.
  ['SELECT * FROM queue.timeline'], ['SELECT * FROM timeline'], ['SELECT * FROM queue.ticket_facts FINAL'], ['SELECT * FROM `queue`.`ticket_facts`'], ['SELECT * FROM "queue"."timeline"'],
  ['SELECT * FROM log.key_store'], ['SELECT key FROM log.keys'], ["SELECT * FROM dictionary('log.keys')"], ["SELECT dictGet('log.keys', 'key', toUInt64(1))"], ['SELECT * FROM log.erasure_store'], ['SELECT * FROM log.landing_key'],
  ['SELECT * FROM log.event_store'], ['SELECT * FROM log.event_bodies'], ['SELECT * FROM config.agent_names'], ['SELECT * FROM config.applied'], ['SELECT * FROM queue.untold_SECRET'],
  ['SELECT * FROM queue.tickets AS t JOIN queue.timeline AS e USING (ticket_id)'], ['SELECT * FROM queue.tickets, queue.timeline'],
  ['SELECT 1 UNION ALL SELECT count() FROM queue.timeline'], ['SELECT count() FROM queue.tickets EXCEPT SELECT count() FROM queue.timeline'], ['SELECT * FROM (SELECT * FROM (SELECT * FROM queue.timeline))'],
  ['SELECT (SELECT max(ticket_id) FROM queue.timeline)'], ['WITH t AS (SELECT * FROM queue.timeline) SELECT * FROM t'], ['WITH (SELECT groupArray(ticket_id) FROM queue.timeline) AS ids SELECT ids'],
  ['WITH timeline AS (SELECT 1) SELECT * FROM (SELECT * FROM timeline)'], ['WITH queue.timeline AS t SELECT * FROM t'], ['WITH RECURSIVE r AS (SELECT ticket_id FROM queue.timeline) SELECT * FROM r'],
  ["SELECT 'x' IN queue.timeline"], ["SELECT ('globex', 'x') IN config.agent_name"], ['SELECT exists(SELECT 1 FROM queue.timeline)'], ['SELECT 1 = ANY (SELECT 1 FROM queue.timeline)'],
  ['SELECT 1 FROM queue.tickets ORDER BY (SELECT count() FROM queue.timeline)'], ['SELECT 1 FROM queue.tickets LIMIT (SELECT count() FROM queue.timeline)'], ['SELECT 1 ORDER BY 1 WITH FILL FROM 1 TO 2 INTERPOLATE (a AS (SELECT count() FROM queue.timeline))'],
  ['SELECT * FROM {t:Identifier}', { param_t: 'timeline' }], ['SELECT * FROM {d:Identifier}.{t:Identifier}', { param_d: 'queue', param_t: 'timeline' }], ['FROM queue.timeline SELECT *'],
  ['SELECT _part_offset, _part FROM queue.ticket_facts'], ['SELECT * FROM {snapshot}_queue.ticket_facts'], ['SELECT * FROM {snapshot}_config.agent_names'],
  ['SELECT count() FROM queue.landing_message_received'], ['SELECT * FROM queue.timeline_from_ticket_created'],
  // Functions that read.
  ["SELECT dictGet('config.agent_name', 'agent_name', (0, 'globex', 'SECRET'))"], ["SELECT dictGetOrDefault('config.agent_name', 'agent_name', (toUInt32(0), 'globex', 'SECRET'), '')"], ["SELECT DICTGET('config.agent_name', 'agent_name', 1)"],
  ["SELECT agent_name('globex', 'SECRET')"], ["SELECT arrayMap(x -> agent_name('globex', x), ['SECRET'])"], ["SELECT arrayMap(agent_name, ['globex'], ['SECRET'])"], ['SELECT * APPLY dictGet FROM queue.tickets'],
  ["WITH x -> agent_name('globex', x) AS f SELECT f('SECRET')"], ["SELECT * APPLY (x -> agent_name('globex', 'SECRET')) FROM system.one"], ["SELECT default_calendar('globex')"], ["SELECT {snapshot}_agent_name('globex', 'SECRET')"],
  ['SELECT * FROM config.agent_name'], ['SELECT * FROM dictionary(\'config.agent_name\')'], ["SELECT joinGet('queue.tickets', 'ticket_id', 1)"], ["SELECT hasColumnInTable('queue', 'untold_SECRET', 'word')"],
  ["SELECT getSetting('additional_table_filters')"], ["SELECT file('/etc/hostname')"], ['SELECT serverUUID(), hostName()'], ['SELECT sleep(1)'], ["SELECT getMacro('x')"], ["SELECT formatQuery('SELECT 1')"],
  // Table functions.
  ["SELECT * FROM merge('queue', '.*')"], ["SELECT * FROM merge('queue', 'ticket_facts')"], ["SELECT * FROM mergeTreeIndex('queue', 'ticket_facts')"], ['SELECT * FROM view(SELECT * FROM queue.timeline)'], ['SELECT * FROM loop(queue.timeline) LIMIT 9'],
  ["SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))"], ['SELECT * FROM (EXPLAIN SELECT * FROM queue.timeline)'], ["SELECT * FROM file('*', LineAsString)"], ["SELECT * FROM url('http://127.0.0.1:1/', LineAsString)"],
  ["SELECT * FROM remote('127.0.0.1', queue.timeline)"], ["SELECT * FROM clusterAllReplicas('default', queue.timeline)"], ["SELECT * FROM executable('x', TSV, 'a String', (SELECT * FROM queue.timeline))"], ["SELECT * FROM format(CSV, 'a String', 'x')"],
  ["SELECT * FROM `/etc/hostname`"], ["SELECT * FROM generateRandom('a Int8')"], ["SELECT * FROM input('a Int8')"], ["SELECT * FROM mysql('h', 'd', 't', 'u', 'p')"],
  // What the engine keeps of everybody.
  ['SELECT * FROM system.query_log'], ['SELECT query FROM system.processes'], ['SHOW PROCESSLIST'], ['SELECT * FROM system.parts'], ['SELECT * FROM system.parts_columns'], ['SELECT * FROM system.dictionaries'],
  ['SELECT * FROM system.row_policies'], ['SELECT * FROM system.users'], ['SELECT * FROM system.functions'], ['SELECT * FROM system.errors'], ['SELECT * FROM system.mutations'], ['SELECT * FROM system.merges'], ['SELECT * FROM system.events'], ['SELECT * FROM system.asynchronous_metrics'],
  ['SELECT * FROM information_schema.statistics'], ['SELECT * FROM system.projection_parts'], ['SELECT * FROM system.detached_tables'],
  // Looking into plans, which count rows and parts.
  ['EXPLAIN SELECT * FROM queue.tickets'], ['EXPLAIN ESTIMATE SELECT * FROM queue.tickets'], ['EXPLAIN PIPELINE SELECT 1'], ['EXPLAIN AST SELECT 1'], ['EXPLAIN indexes = 1 SELECT * FROM queue.tickets'],
  // Settings.
  ['SELECT * FROM queue.tickets SETTINGS additional_table_filters = {}'], ['SELECT 1 SETTINGS readonly = 0'], ['SELECT 1', { additional_table_filters: '{}' }], ['SELECT 1', { additional_result_filter: "throwIf((SELECT count() FROM queue.timeline) > 0)" }],
  ['SELECT 1', { query_plan_enable_optimizations: '1' }], ['SELECT 1', { enable_analyzer: '0' }], ['SELECT 1', { dialect: 'prql' }], ['SELECT 1', { role: 'owner' }], ['SELECT 1', { format_schema: 'x' }], ['SELECT 1', { allow_introspection_functions: '1' }],
  ['SET readonly = 0'], ['SET additional_table_filters = {}'], ['SET ROLE owner'], ['SET ROLE ALL'], ['SET DEFAULT ROLE owner TO default'], ['EXECUTE AS default SELECT 1'],
  // PREWHERE would see rows before the filter does.
  ["SELECT * FROM queue.tickets PREWHERE throwIf(integration_id = 'globex') = 0"],
  // Several statements, and statements that are no questions.
  ['SELECT 1; SELECT * FROM queue.timeline'], ['SELECT 1 INTO OUTFILE \'x\''], ["INSERT INTO queue.timeline (ticket_id) VALUES ('x')"], ['CREATE TABLE queue.mine AS queue.timeline'], ['CREATE TEMPORARY TABLE mine AS SELECT * FROM queue.timeline'],
  ['CREATE VIEW queue.mine AS SELECT * FROM queue.timeline'], ["CREATE FUNCTION mine AS x -> dictGet('config.agent_name', 'agent_name', x)"], ['DROP TABLE queue.timeline'], ['ALTER TABLE queue.timeline DELETE WHERE 1'], ['TRUNCATE TABLE queue.timeline'],
  ['KILL QUERY WHERE 1'], ['SYSTEM RELOAD DICTIONARIES'], ['SYSTEM FLUSH LOGS'], ['OPTIMIZE TABLE queue.timeline'], ["BACKUP TABLE queue.timeline TO File('x')"], ['CHECK TABLE queue.timeline'], ['ATTACH TABLE x'], ['RENAME TABLE queue.timeline TO queue.x'],
  ['DESCRIBE queue.timeline'], ['DESCRIBE TABLE (SELECT * FROM queue.timeline)'], ['SHOW CREATE TABLE queue.timeline'], ['SHOW CREATE DICTIONARY config.agent_name'], ['EXISTS queue.timeline'], ['EXISTS TABLE queue.untold_SECRET'], ['SHOW GRANTS'], ['SHOW USERS'], ['SHOW DICTIONARIES FROM config'],
  ["SHOW TABLES FROM queue WHERE (SELECT throwIf(count() > 0) FROM queue.timeline) = 0"], ['SHOW TABLES FROM queue LIMIT (SELECT count() FROM queue.timeline)'], ['USE config'], ['BEGIN TRANSACTION'], ['GRANT SELECT ON *.* TO default'],
  // Names that would make the engine's description of a query say something else; an alias that would borrow another table's filter.
  ['SELECT 1 AS `x, identifier: queue.tickets` FROM queue.tickets'], ['SELECT * FROM queue.timeline AS `x, identifier: queue.tickets`'], ['SELECT * FROM queue.tickets AS `config.status_map`'], ['SELECT 1 AS `a\\nJOIN TREE`'],
  // Formats that tell how much is read.
  ['SELECT * FROM queue.tickets FORMAT JSONEachRowWithProgress'], ['SELECT 1', { default_format: 'JSONEachRowWithProgress' }],
  // What later engines brought: looking into parts and indexes, conditional views, time series, plans that run.
  ['SELECT * FROM mergeTreeProjection(queue, timeline, x)'], ["SELECT * FROM mergeTreeAnalyzeIndexes(queue, timeline, ticket_id = 'x')"], ["SELECT * FROM mergeTreeAnalyzeIndexesUUID('x', 'y')"], ['SELECT * FROM mergeTreeTextIndex(queue, timeline, x)'],
  ["SELECT * FROM viewIfPermitted(SELECT * FROM queue.timeline ELSE null('x String'))"], ["SELECT * FROM timeSeriesSelector('queue', 't', 'x', 1, 2)"], ["SELECT * FROM prometheusQuery('queue', 't', 'x', 1)"], ["SELECT * FROM fuzzQuery('SELECT 1')"], ["SELECT * FROM filesystem('/')"], ['SELECT * FROM system.primes'],
  ['EXPLAIN ANALYZE SELECT 1'], ['EXPLAIN SYNTAX SELECT * FROM queue.timeline'], ['EXPLAIN CURRENT TRANSACTION'], ['FROM numbers(1) |> SELECT 1'], ["EXECUTE IMMEDIATE 'SELECT 1'"],
  ["SELECT dictHas('config.agent_name', ('globex', 'x'))"], ["SELECT dictGetAll('config.agent_name', 'agent_name', 1)"], ["SELECT dictGetKeys('config.agent_name', 'agent_name', 'x')"], ["SELECT dictGetOrNull('log.keys', 'key', toUInt64(1))"], ["SELECT joinGetOrNull('queue.timeline', 'x', 1)"],
  ["SELECT getServerSetting('max_server_memory_usage')"], ["SELECT getSettingOrDefault('additional_table_filters', '')"], ["SELECT getMergeTreeSetting('index_granularity')"], ["SELECT getClientHTTPHeader('authorization')"], ['SELECT currentRoles()'], ['SELECT filesystemAvailable()'],
  ["SELECT __getScalar('x')"], ["SELECT aiGenerate('x')"], ['SELECT lowCardinalityKeys(integration_id) FROM queue.of_mixed'], ['SELECT blockNumber() FROM queue.of_mixed'], ["WITH 'log.keys' AS d SELECT dictGet(d, 'key', toUInt64(1))"],
  ['SELECT * EXCEPT (ticket_id) REPLACE (dictGet(\'log.keys\', \'key\', toUInt64(1)) AS status) FROM queue.tickets'], ["SELECT COLUMNS(ticket_id) APPLY(x -> dictGet('log.keys', 'key', toUInt64(1))) FROM queue.tickets"], ['SELECT queue.timeline.* FROM queue.tickets'], ['SELECT _part FROM queue.of_mixed'],
  ...['settings_changes', 'server_settings', 'completions', 'query_cache', 'query_condition_cache', 'stack_trace', 'schema_inference_cache', 'user_processes', 'settings_profile_elements', 'grants', 'view_refreshes', 'data_skipping_indices', 'dropped_tables', 'storage_policies', 'backups', 'metrics',
    'warnings', 'session_log', 'text_log', 'part_log', 'query_thread_log', 'query_views_log', 'trace_log', 'masking_policies'].map((name): Attempt => [`SELECT * FROM system.${name}`]),
  ['SELECT * FROM "system"."proc\\x65sses"'], ['SELECT * FROM processes', { database: 'system' }], ['SELECT 1 WHERE 1 IN processes', { database: 'system' }], ['SHOW SETTINGS LIKE \'%filter%\''], ['SHOW COLUMNS FROM timeline'], ['SHOW INDEX FROM timeline'], ['SHOW FULL TABLES'], ['SHOW CREATE USER default'],
  ["SHOW TABLES LIKE 'x' INTO OUTFILE 'x'"], ['EXISTS DATABASE config'], ['DESCRIBE/**/queue.timeline'], ["DESCRIBE file('/etc/passwd')"], ['SHOW CREATE queue.timeline'],
  // Hours for one value, which no limit of time ends.
  ["SELECT editDistance('a', 'b')"], ["SELECT levenshteinDistance('a', 'b')"], ['SELECT arrayLevenshteinDistance(range(200000), range(200000))'], ['SELECT polygonsUnionCartesian([[[(0., 0.)]]], [[[(0., 0.)]]])'], ['SELECT h3kRing(599405990164561919, 5000)'],
  ["SELECT kolmogorovSmirnovTest('two-sided', 'exact')(number, number) FROM numbers(1)"], ["SELECT kolmogorovSmirnovTestIf('two-sided', 'exact')(number, number, 1) FROM numbers(1)"], ["SELECT arrayReduceInRanges('sum', [(1, 1)], [1])"],
  // Names that mean one thing to whoever checks and another to the engine.
  ['WITH `queue.timeline` AS (SELECT 1) SELECT * FROM `queue.timeline`'], ['WITH system AS (SELECT 1 AS processes) SELECT * FROM system.processes'], ['WITH t AS (SELECT * FROM queue.tickets) SELECT * FROM queue.t'],
  ["SELECT * FROM untold_SECRET UNION ALL (WITH untold_SECRET AS (SELECT 'a') SELECT * FROM untold_SECRET)"], ["SELECT * FROM `/etc/hostname` UNION ALL (WITH `/etc/hostname` AS (SELECT '1') SELECT * FROM `/etc/hostname`)", { database: 'default' }],
  ['SELECT * FROM queue.of_mixed AS `log.events`'], ['SELECT * FROM queue.tickets AS a JOIN queue.of_mixed AS `system.tables` ON 1'], ['SELECT 1 IN `/etc/hostname`', { database: 'default' }], ['SELECT * FROM {t:`Identifier`}', { param_t: 'timeline' }], ['SELECT * FROM {t:/* */Identifier}', { param_t: 'timeline' }],
  ['SELECT 1\u3000FROM\u3000queue.timeline'], ['SELECT * FROM queue\u200b.timeline'], ['\ufeffSELECT * FROM queue.timeline'], ['SELECT * FROM queue.timeline\u0000'], ['SELECT 1 # \n FROM queue.timeline'], ['SELECT “ticket_id” FROM “queue”.“timeline”'], ['SELECT 1 INTO\u00a0OUTFILE \'x\''],
  ['SELECT 1 INTO/**/OUTFILE \'x\' TRUNCATE'], ['(SELECT 1) INTO OUTFILE \'x\' AND STDOUT'], ['SELECT 1 FORMAT TSV SETTINGS additional_table_filters = {}'], ['SELECT 1 FORMAT TSV SETTINGS readonly = 0, max_threads = 99'], ['SELECT * FROM (SELECT * FROM queue.tickets SETTINGS additional_table_filters = map())'],
  ['SELECT * FROM queue.backlog_as_of(ts = (SELECT max(timestamp) FROM queue.timeline))'], ["SELECT * FROM queue.backlog_as_of(ts = dictGet('log.keys', 'key', toUInt64(1)))"], ['SELECT * FROM numbers((SELECT count() FROM queue.timeline))'], ["SELECT * FROM values('x UInt64', (SELECT count() FROM queue.timeline))"],
  ['WITH x AS (SELECT 1) INSERT INTO queue.timeline SELECT * FROM x'], ['DELETE FROM queue.timeline WHERE 1'], ['UPDATE queue.timeline SET ticket_id = \'x\' WHERE 1'], ['EXCHANGE TABLES queue.timeline AND queue.tickets'], ['SET param_x = 1'],
  ...['final', 'max_rows_to_read', 'read_overflow_mode', 'force_primary_key', 'use_query_cache', 'send_logs_level', 'profile', 'compatibility', 'implicit_table_at_top_level', 'SQL_mine'].map((name): Attempt => ['SELECT 1', { [name]: '1' }]),
  ['SELECT 1', { query_id: 'a\r\nx: y' }], ['SELECT 1', { query_id: 'x'.repeat(201) }], ['SELECT 1', { database: 'queue`; DROP TABLE queue.timeline' }], ['SELECT 1', { database: '_temporary_and_external_tables' }], ['SELECT * FROM queue.timelin'], ['SELECT * FROM untold_'],
  ['SELECT 1', { database: 'config' }], ['SELECT 1', { database: 'nowhere' }],
];

/** What may be asked, and answers of the own rows alone. */
export const answered: readonly (readonly [sql: string, answer: string, parameters?: Parameters])[] = [
  ["SELECT countIf(integration_id != 'acme'), countIf(ticket_id = '{ours}') FROM queue.tickets", '0\t1'],
  ["SELECT count() FROM queue.tickets WHERE integration_id = 'globex'", '0'],
  ["SELECT count() FROM queue.tickets WHERE integration_id = 'globex' OR 1 = 1 AND integration_id != 'acme'", '0'],
  ["SELECT count() FROM queue.tickets WHERE ticket_id LIKE '%SECRET%'", '0'],
  ["SELECT count() FROM (SELECT 'acme' AS integration_id, ticket_id FROM queue.tickets) WHERE ticket_id LIKE '%SECRET%'", '0'],
  ["WITH 'globex' AS integration_id SELECT count() FROM queue.tickets AS t WHERE t.ticket_id LIKE '%SECRET%'", '0'],
  ["SELECT countIf(a.ticket_id LIKE '%SECRET%' OR b.ticket_id LIKE '%SECRET%') FROM queue.tickets AS a FULL JOIN log.events AS b ON a.ticket_id = b.ticket_id", '0'],
  ["SELECT uniqExact(integration_id) FROM (SELECT integration_id FROM queue.tickets UNION ALL SELECT integration_id FROM log.events UNION ALL SELECT integration_id FROM agents.agent_scorecard)", '1'],
  ["SELECT count() FROM log.events WHERE ticket_id LIKE '%SECRET%' OR integration_id = 'globex'", '0'],
  ["SELECT count() FROM log.events AS `queue` WHERE `queue`.integration_id = 'globex'", '0'],
  ["SELECT countIf(integration_id != 'acme'), countIf(ticket_id = '{ours}') FROM {snapshot}_queue.tickets", '0\t1'],
  ["SELECT countIf(integration_id != 'acme') FROM {snapshot}_agents.agent_scorecard", '0'],
  ["SELECT countIf(integration_id != 'acme') FROM queue.backlog_as_of(ts = {at:DateTime64(3)})", '0', { param_at: '2026-11-02 09:01:30' }],
  ["SELECT countIf(queue_id LIKE '%SECRET%') FROM backlog_as_of(ts = {at:DateTime64(3)})", '0', { param_at: '2026-11-02 09:01:30' }],
  // Conditions that fail on the other tenant's row, which lies in one granule with the own one: were it seen, its word would stand in the error.
  ["SELECT count() FROM queue.of_mixed WHERE toUInt64(word) = 1", '1'], ["SELECT count() FROM queue.of_mixed WHERE throwIf(word != '1') = 0", '1'], ["SELECT count() FROM queue.of_mixed WHERE throwIf(integration_id != 'acme') = 0", '1'],
  ['SELECT sum(toUInt64(word)) FROM queue.of_mixed', '1'], ["SELECT count() FROM queue.of_mixed WHERE intDiv(1, word = '1') = 1", '1'], ["SELECT count() FROM queue.of_mixed WHERE toUInt64(if(word = '1', '1', word)) = 1", '1'],
  ['SELECT count() FROM (SELECT word FROM queue.of_mixed WHERE toUInt64(word) > 0 ORDER BY word LIMIT 5)', '1'], ['SELECT count() FROM queue.of_mixed AS a JOIN queue.of_mixed AS b ON a.word = b.word AND toUInt64(b.word) = 1', '1'],
  ['SELECT count() FROM queue.of_mixed WHERE word IN (SELECT toString(toUInt64(word)) FROM queue.of_mixed WHERE toUInt64(word) > 0)', '1'], ['SELECT toUInt64(max(word)) FROM queue.of_mixed GROUP BY integration_id HAVING toUInt64(max(word)) > 0', '1'],
  ['SELECT count() FROM queue.of_mixed ARRAY JOIN [toUInt64(word)] AS n WHERE n = 1', '1'], ['SELECT word FROM queue.of_mixed ORDER BY toUInt64(word) LIMIT 1', '1'], ['SELECT count() FROM queue.of_mixed WHERE word = (SELECT max(word) FROM queue.of_mixed WHERE toUInt64(word) > 0)', '1'],
  ['SELECT count() FROM queue.of_mixed_untold WHERE toUInt64(word) = 1', '1'],
  ...['INNER', 'LEFT', 'RIGHT', 'FULL', 'LEFT SEMI', 'LEFT ANY', 'RIGHT ANY'].map((join) => [`SELECT count() FROM queue.of_mixed AS a ${join} JOIN queue.of_mixed AS b ON a.word = b.word AND throwIf(b.word != '1') = 0 WHERE toUInt64(b.word) > 0`, '1'] as const),
  ['SELECT (SELECT max(toUInt64(b.word)) FROM queue.of_mixed AS b WHERE b.word = a.word) FROM queue.of_mixed AS a', '1'], ['SELECT count() FROM queue.of_mixed AS a WHERE EXISTS (SELECT 1 FROM queue.of_mixed AS b WHERE b.word >= a.word AND toUInt64(b.word) = 1)', '1'],
  ['SELECT count() FROM queue.of_mixed AS a PASTE JOIN (SELECT toUInt64(word) AS w FROM queue.of_mixed) AS b', '1'], ['SELECT count() OVER (ORDER BY toUInt64(word)) FROM queue.of_mixed QUALIFY toUInt64(word) = 1', '1'], ['SELECT word FROM queue.of_mixed ORDER BY toUInt64(word) LIMIT 1 WITH TIES', '1'],
  ['SELECT any(toUInt64(word)) FROM queue.of_mixed GROUP BY GROUPING SETS ((word))', '1'], ['SELECT DISTINCT toUInt64(word) FROM queue.of_mixed FINAL', '1'], ['SELECT min(integration_id), max(integration_id) FROM queue.of_mixed', 'acme\tacme'], ['SELECT word AS integration_id FROM queue.of_mixed WHERE integration_id = \'globex\'', ''],
  ['SELECT topK(5)(integration_id) FROM queue.of_mixed', "['acme']"], ['SELECT * FROM queue.of_mixed LIMIT -1', 'acme\t1'], ['SELECT formatRow(\'CSV\', word) FROM queue.of_mixed', '"1"\\n'],
  ['SELECT {x:String}', "a\\' UNION ALL SELECT * FROM queue.timeline --", { param_x: "a' UNION ALL SELECT * FROM queue.timeline --" }], ['WITH `/etc/hostname` AS (SELECT 1 AS x) SELECT * FROM `/etc/hostname`', '1', { database: 'default' }], ['SHOW /* */ TABLES FROM `config`', ''], ['SELECT $a$ INTO OUTFILE $a$', ' INTO OUTFILE'],
  // Lists of what there is.
  ["SELECT countIf(name LIKE '%SECRET%'), countIf(database IN ('config', 'system')), countIf(total_rows IS NOT NULL OR total_bytes IS NOT NULL) FROM system.tables", '0\t0\t0'],
  ["SELECT countIf(table LIKE '%SECRET%'), sum(data_compressed_bytes) FROM system.columns", '0\t0'],
  ["SELECT countIf(name IN ('config', 'system')) FROM system.databases", '0'],
  ["SELECT countIf(table_name LIKE '%SECRET%' OR table_rows IS NOT NULL), count() > 9 FROM information_schema.tables", '0\t1'],
  ["SELECT countIf(table_name LIKE '%SECRET%') FROM INFORMATION_SCHEMA.COLUMNS", '0'],
  ["SELECT count() FROM system.settings WHERE value LIKE '%globex%' OR value LIKE '%SECRET%'", '0'],
  ["SHOW TABLES FROM config", ''], ["SHOW TABLES FROM queue LIKE '%facts%'", ''], ["SHOW DATABASES LIKE 'config'", ''], ['EXISTS VIEW queue.tickets', '1'],
  // Searches as people ask for them.
  ["SELECT ticket_id LIKE '%OURS%', ticket_id ILIKE concat('%', {p:String}, '%'), match(ticket_id, '^TKT-[A-Z]{4}-'), position(ticket_id, 'OURS'), 'x' LIKE ticket_id, multiSearchAny(ticket_id, ['a#', lower('OURS#')]), hasAny({q:Array(String)}, [ticket_id, 'a']) FROM queue.tickets WHERE ticket_id = '{ours}'", '1\t1\t1\t5\t0\t0\t1', { param_p: 'ours', param_q: "['a', 'b']" }],
  // What is asked of nobody's rows.
  ['SELECT sum(number) FROM numbers(10)', '45'], ['SELECT is_finished(\'solved\'), round(wilson_upper(1, 2), 2)', '1\t0.91'], ['SELECT {a:Int32} + 1, {s:String}', "2\tFROM queue.timeline, `x`", { param_a: '1', param_s: 'FROM queue.timeline, `x`' }],
  ["SELECT value FROM system.settings WHERE name IN ('max_threads', 'readonly') ORDER BY name", '2\n1'], ["SELECT value FROM system.settings WHERE name = 'max_threads'", '1', { max_threads: '1' }], ["SELECT value FROM system.settings WHERE name = 'max_threads'", '2', { max_threads: '64' }],
  ["SELECT value FROM system.settings WHERE name = 'max_execution_time'", '30', { max_execution_time: '0' }],
];

/**
 * What an analyst with pseudonyms tries, to learn who an agent is: PERSON stands in ids, names and texts, as PERSON_lea and PERSON_tom. Each is
 * refused, or answered by nothing, by NOBODY, or by an error that tells no more.
 */
export const agentAttempts: readonly Attempt[] = [
  // A guess, held against every place where an id is.
  ["SELECT 'FOUND' FROM queue.tickets WHERE assignee_id = 'PERSON_lea' LIMIT 1"], ["SELECT 'FOUND' FROM queue.tickets WHERE assignee_id LIKE '%PERSON%' LIMIT 1"], ["SELECT 'FOUND' FROM agents.agent_replies WHERE startsWith(agent_id, 'p') LIMIT 1"],
  ["SELECT 'FOUND' FROM agents.agent_replies AS r JOIN (SELECT 'PERSON_lea' AS agent_id) AS g USING (agent_id) LIMIT 1"], ["SELECT 'FOUND' FROM values('agent_id String', 'PERSON_lea') AS g JOIN queue.tickets AS t ON t.assignee_id = g.agent_id LIMIT 1"],
  ["SELECT 'FOUND' FROM log.events WHERE content_text LIKE '%PERSON%' OR assignee_name != '' OR sender_username != '' OR mapContains(extra, 'x') LIMIT 1"], ["SELECT 'FOUND' FROM log.public_messages WHERE text != '' LIMIT 1"],
  ["SELECT 'FOUND' FROM agents.agent_names WHERE display_name LIKE '%PERSON%' LIMIT 1"], ["SELECT 'FOUND' FROM agents.ticket_assignments WHERE agent_name LIKE '%PERSON%' LIMIT 1"], ["SELECT 'FOUND' FROM queue.process_edges WHERE from_actor_id LIKE '%PERSON%' OR to_actor_id LIKE '%PERSON%' LIMIT 1"],
  ["SELECT 'FOUND' FROM queue.of_agents WHERE told != '' OR told_by_key['a'] != '' OR has(list, 'PERSON_lea') OR sender_telegram_user_id > 0 LIMIT 1"], ["SELECT 'FOUND' FROM {snapshot}_queue.tickets WHERE assignee_id = 'PERSON_lea' LIMIT 1"],
  ["SELECT if(countIf(a LIKE '%PERSON%') > 0, 'FOUND', 'NOBODY') FROM (SELECT assignee_id AS a FROM queue.tickets UNION ALL SELECT agent_id FROM agents.agent_hourly UNION ALL SELECT agent_id FROM agents.agent_occupancy(zone = 'UTC') UNION ALL SELECT assignee_id FROM queue.backlog_as_of(ts = now64(3)))"],
  // A dictionary of guesses: what makes a pseudonym may not be called, and its key may not be read.
  ["SELECT dictGet('pseudonyms.key', 'key', toUInt64(1))"], ["SELECT hex(SHA256(concat(dictGetString('pseudonyms.key', 'key', toUInt64(1)), 'PERSON_lea')))"], ['SELECT * FROM pseudonyms.key_store'], ['SELECT * FROM pseudonyms.key'], ["SELECT * FROM dictionary('pseudonyms.key')"],
  ['SELECT key FROM key_store', { database: 'pseudonyms' }], ["SELECT 'FOUND' FROM system.tables WHERE database = 'pseudonyms'"], ["SELECT 'FOUND' FROM queue.tickets WHERE assignee_id = concat('Agent ', substring(hex(SHA256('PERSON_lea')), 1, 8)) LIMIT 1"],
  ["SELECT agent_name('acme', 'PERSON_lea')"], ["SELECT agent_name('acme', assignee_id) FROM queue.tickets"],
  // What lies behind: tables, and the views as others see them.
  ['SELECT agents FROM agents.ticket_facts'], ['SELECT * FROM queue.ticket_facts FINAL'], ['SELECT * FROM queue.timeline'], ['SELECT * FROM log.event_store'], ['SELECT * FROM config.agent_names'], ['SELECT * FROM {snapshot}_queue.ticket_facts'],
  ["SELECT * FROM merge('agents', '.*')"], ["SELECT * FROM view(SELECT * FROM queue.tickets)"], ['SELECT * FROM {t:Identifier}', { param_t: 'queue.tickets' }], ['SELECT source.assignee_id FROM queue.tickets'], ['SELECT tickets.assignee_id.size FROM queue.ticket_facts'],
  ['WITH queue AS (SELECT 1 AS tickets) SELECT * FROM queue.ticket_facts'], ['SELECT * FROM queue.tickets AS a, queue.ticket_facts AS b'], ['SELECT * FROM queue./* */ticket_facts'], ['SELECT * FROM `queue.tickets`'], ['SELECT * FROM "queue" . "ticket_facts"'],
  ['SHOW CREATE TABLE pseudonyms.key'], ['DESCRIBE pseudonyms.key_store'], ['SHOW TABLES FROM pseudonyms'], ['EXPLAIN SELECT * FROM queue.tickets'], ['SELECT * FROM queue.tickets SETTINGS additional_table_filters = {}'],
  ["INSERT INTO pseudonyms.key_store VALUES (1, '')"], ['DROP VIEW Pseudonymous_queue.tickets'], ["CREATE VIEW queue.mine AS SELECT assignee_id FROM queue.tickets"], ['SET ROLE owner'],
  // Errors tell the value that they fail at.
  ["SELECT toUInt64(assumeNotNull(agent_id)) FROM agents.agent_scorecard WHERE agent_id != ''"], ["SELECT CAST(agent_id, 'UInt8') FROM agents.agent_scorecard WHERE agent_id != ''"], ["SELECT throwIf(agent_id != '') FROM agents.agent_scorecard WHERE agent_id != ''"],
  ["SELECT toDateTime(assignee_id) FROM queue.tickets WHERE assignee_id != ''"], ["SELECT toUInt64(assignee_at_reply), agent_id FROM agents.agent_replies WHERE agent_id != ''"], ["SELECT parseDateTime(concat(changed_by_id, '!'), '%Y') FROM queue.ticket_state_intervals WHERE changed_by_id != ''"],
];
