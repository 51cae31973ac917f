-- The configuration in force. `npm run config -- apply` writes the rows of a new version beside those of the old one,
-- lets the dictionaries load both, and then makes the new one live by a single row here. A query takes the live version
-- once, when it is planned, and every look-up names it, so that no query ever sees half of a change.
-- Rows of version 0 were not applied from a file (built in, or written by other means); they hold under every version.

CREATE DATABASE IF NOT EXISTS config COMMENT 'Configuration as data, shared by all projections.';

CREATE TABLE IF NOT EXISTS config.applied
(
    version UInt32 COMMENT 'Version of the configuration, from 1.',
    state LowCardinality(String) COMMENT 'staged (its rows are being written) or live (in force from then on).',
    at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When.',
    applied_by String COMMENT 'Who applied it.',
    file_name String COMMENT 'The file as it was named.',
    file_sha256 String COMMENT 'SHA-256 of its bytes, hexadecimal.',
    content String COMMENT 'The whole file.'
)
ENGINE = MergeTree
ORDER BY (version, at)
COMMENT 'What was applied, when and by whom. The live version is the highest one that went live.';

CREATE OR REPLACE VIEW config.loaded_versions
(
    version UInt32 COMMENT 'Version that dictionaries hold.'
)
AS
SELECT DISTINCT version FROM config.applied ORDER BY version DESC LIMIT 3
UNION DISTINCT
SELECT toUInt32(0) AS version
COMMENT 'The versions that a query may ask for: 0, the live one, the one before it, and one that is being staged.';

CREATE OR REPLACE DICTIONARY config.live
(
    id UInt64,
    version UInt32
)
PRIMARY KEY id
SOURCE(CLICKHOUSE(QUERY 'SELECT toUInt64(0) AS id, max(version) AS version FROM config.applied WHERE state = \'live\''))
LAYOUT(FLAT())
LIFETIME(MIN 5 MAX 10)
COMMENT 'The live version.';

-- A constant of the query: look-ups with constant arguments are made while it is planned.
CREATE OR REPLACE FUNCTION live_config_version AS () -> dictGet('config.live', 'version', toUInt64(0));

CREATE TABLE IF NOT EXISTS config.fact_changes
(
    config_version UInt32 COMMENT 'Version of the configuration.',
    integration_id String COMMENT 'Tenant whose facts it changes; empty for all of them.'
)
ENGINE = ReplacingMergeTree
ORDER BY (config_version, integration_id)
COMMENT 'Versions that change facts: another status map, default calendar, SLA policy or calendar of one. Names and shifts change none.';

CREATE OR REPLACE DICTIONARY config.fact_change
(
    integration_id String,
    config_version UInt32
)
PRIMARY KEY integration_id
SOURCE(CLICKHOUSE(QUERY 'SELECT integration_id, max(c.config_version) AS config_version FROM config.fact_changes AS c WHERE c.config_version <= (SELECT max(version) FROM config.applied WHERE state = \'live\') GROUP BY integration_id'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 5 MAX 10)
COMMENT 'The last version that changed a tenant''s facts.';

-- Facts computed under an older version than this are stale.
CREATE OR REPLACE FUNCTION facts_need_config AS (integration_id) ->
    greatest(dictGetOrDefault('config.fact_change', 'config_version', tuple(toString(integration_id)), toUInt32(0)),
             dictGetOrDefault('config.fact_change', 'config_version', tuple(''), toUInt32(0)));
