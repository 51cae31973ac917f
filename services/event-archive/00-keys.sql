-- The keys that personal fields are sealed with, as their topic has them (services/runtime/personal/). Sealed texts are stored as they came
-- and opened when they are read, so a person is forgotten here as soon as their keys are: nothing has to be written anew.

CREATE TABLE IF NOT EXISTS {database}.key_store
(
    key_id UInt64 COMMENT 'The key''s id, as the sealed fields name it in hex.',
    integration_id LowCardinality(String) COMMENT 'Tenant. Empty once the key is deleted.',
    subject String COMMENT 'Whose: customer/<telegram user id>, ticket/<ticket id> or body/<event id>. Empty once the key is deleted.',
    key String COMMENT '32 bytes. Empty once the key is deleted.',
    created_at DateTime64(3, 'UTC') COMMENT 'When it was made, or deleted.',
    kafka_offset Int64 COMMENT 'Offset in the topic of keys; the last record of a key counts.',
    is_deleted UInt8 COMMENT '1 once the key is deleted.'
)
ENGINE = ReplacingMergeTree(kafka_offset, is_deleted)
ORDER BY key_id
SETTINGS index_granularity = 256, old_parts_lifetime = 30
COMMENT 'Keys of sealed fields. Whoever reads the views needs none of it.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.key_store_from_landing TO {database}.key_store AS
SELECT
    reinterpretAsUInt64(unhex(key_id)) AS key_id,
    integration_id,
    subject,
    base64Decode(key) AS key,
    received_at AS created_at,
    kafka_offset,
    toUInt8(key = '') AS is_deleted
FROM {database}.landing_key
COMMENT 'Feeds key_store.';

-- Looked up for the rows that are read, never loaded: a deleted key opens nothing from that moment on.
CREATE OR REPLACE DICTIONARY {database}.keys
(
    key_id UInt64,
    key String
)
PRIMARY KEY key_id
SOURCE(CLICKHOUSE(QUERY 'SELECT key_id, key FROM {database}.key_store FINAL WHERE length(key) = 32 AND {condition}'))
LAYOUT(DIRECT())
COMMENT 'Keys that are not deleted, for the views of the archive.';

-- AES-256-GCM; enc:v1:<key id>:<base64 of nonce, ciphertext, tag>. NULL without the key. Text that is not sealed stays as it is, so does what
-- is too short to be: it would be an error of the whole query, as would be a nonce of another length. An empty text (64 letters) is opened
-- by whatever key, since there is nothing to open, so the one that views take where a key is missing, repeat('-', 32), is looked for.
CREATE OR REPLACE FUNCTION unsealed AS (sealed, key) -> if(startsWith(sealed, 'enc:v1:') AND length(sealed) >= 64, if(length(sealed) = 64 AND key = repeat('-', 32), NULL,
    tryDecrypt('aes-256-gcm', substring(tryBase64Decode(substring(sealed, 25)), 13), key,
        rightPad(substring(tryBase64Decode(substring(sealed, 25)), 1, 12), 12, '-'))), sealed);

-- A text of a record that may have several sealed as one, each with enc:v2:<begin>:<length> in its place: sealed_together, and opened together.
CREATE OR REPLACE FUNCTION unsealed_of AS (text, key, sealed_together, together) -> if(startsWith(text, 'enc:v2:') AND sealed_together != '',
    substring(together, toUInt32OrZero(splitByChar(':', assumeNotNull(text))[3]) + 1, toUInt32OrZero(splitByChar(':', assumeNotNull(text))[4])), unsealed(text, key));

CREATE TABLE IF NOT EXISTS {database}.erasure_store
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    telegram_user_id Int64 COMMENT 'The customer who was forgotten.',
    subjects Array(String) COMMENT 'Whose keys were deleted: the customer''s, those of their tickets, those of bodies in quarantine that named them.',
    erased_at DateTime64(3, 'UTC') COMMENT 'When. What happened before is not kept readable, should it still come.',
    erased_by String COMMENT 'Who did it, user@host.',
    note String COMMENT 'What that person had to say.',
    kafka_offset Int64 COMMENT 'Offset in the topic of keys.'
)
ENGINE = ReplacingMergeTree(kafka_offset)
ORDER BY (integration_id, telegram_user_id, erased_at)
COMMENT 'Storage of erasures. Read the view.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.erasure_store_from_landing TO {database}.erasure_store AS
SELECT
    integration_id,
    telegram_user_id,
    subjects,
    erased_at,
    erased_by,
    note,
    kafka_offset
FROM {database}.landing_erasure
COMMENT 'Feeds erasure_store.';

-- An erasure deletes every key of its subjects that came before it, also one that an older copy of ClickHouse's disk brought back
-- after the record that deleted it had left the topic.
CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.key_store_from_erasure TO {database}.key_store AS
WITH erased AS (SELECT integration_id, arrayJoin(subjects) AS subject, kafka_offset, received_at FROM {database}.landing_erasure)
SELECT
    stored.key_id AS key_id,
    '' AS integration_id,
    '' AS subject,
    '' AS key,
    erased.received_at AS created_at,
    erased.kafka_offset AS kafka_offset,
    toUInt8(1) AS is_deleted
FROM erased
INNER JOIN
(
    SELECT key_id, integration_id, subject, kafka_offset
    FROM {database}.key_store
    WHERE (integration_id, subject) IN (SELECT integration_id, subject FROM erased)
) AS stored ON stored.integration_id = erased.integration_id AND stored.subject = erased.subject
WHERE stored.kafka_offset < erased.kafka_offset
COMMENT 'Feeds key_store: deletes what an erasure is about.';

CREATE OR REPLACE VIEW {database}.erasures
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    telegram_user_id Int64 COMMENT 'The customer who was forgotten.',
    subjects Array(String) COMMENT 'Whose keys were deleted: the customer''s, those of their tickets, those of bodies in quarantine that named them.',
    erased_at DateTime64(3, 'UTC') COMMENT 'When. What happened before is not kept readable, should it still come.',
    erased_by String COMMENT 'Who did it, user@host.',
    note String COMMENT 'What that person had to say.'
)
AS
SELECT
    integration_id,
    telegram_user_id,
    subjects,
    erased_at,
    erased_by,
    note
FROM {database}.erasure_store FINAL
COMMENT 'One row per time that npm run forget was run for a customer.'
