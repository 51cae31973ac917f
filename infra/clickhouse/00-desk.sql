-- The desk as data: what its statuses mean, what its queues and agents are called, and who is on shift when.

CREATE TABLE IF NOT EXISTS config.status_map
(
    config_version UInt32 DEFAULT 0 COMMENT 'Version of the configuration; 0 for what is built in.',
    integration_id String COMMENT 'Tenant; empty for all of them.',
    status_key String COMMENT 'Status in lower case, with _ and - as blanks, runs of blanks as one and none at the ends; * at its end stands for anything that follows.',
    category LowCardinality(String) COMMENT 'new, open, pending, on_hold, solved, closed or discarded (over without having been solved).'
)
ENGINE = ReplacingMergeTree
ORDER BY (config_version, integration_id, status_key)
COMMENT 'What the CRM''s statuses mean. A tenant''s own entries come first, then those for all; a whole name before a beginning.';

INSERT INTO config.status_map (config_version, integration_id, status_key, category)
SELECT 0, '', tupleElement(entry, 1), tupleElement(entry, 2)
FROM (SELECT arrayJoin([
    ('new', 'new'), ('created', 'new'),
    ('open', 'open'), ('opened', 'open'), ('reopened', 'open'), ('active', 'open'), ('in progress', 'open'),
    ('work in progress', 'open'), ('assigned', 'open'),
    ('pending', 'pending'), ('awaiting user info', 'pending'), ('awaiting user', 'pending'),
    ('awaiting customer', 'pending'), ('awaiting reply', 'pending'), ('waiting for customer', 'pending'),
    ('waiting on customer', 'pending'), ('pending customer', 'pending'), ('snoozed', 'pending'),
    ('on hold', 'on_hold'), ('onhold', 'on_hold'), ('hold', 'on_hold'), ('waiting for third party', 'on_hold'),
    ('waiting on third party', 'on_hold'), ('blocked', 'on_hold'), ('awaiting *', 'on_hold'),
    ('solved', 'solved'), ('resolved', 'solved'), ('done', 'solved'), ('completed', 'solved'),
    ('closed', 'closed'), ('archived', 'closed'),
    ('discarded', 'discarded'), ('merged', 'discarded'), ('spam', 'discarded'), ('deleted', 'discarded'),
    ('duplicate', 'discarded')]) AS entry)
WHERE entry NOT IN (SELECT (status_key, category) FROM config.status_map FINAL WHERE config_version = 0 AND integration_id = '');

CREATE TABLE IF NOT EXISTS config.queue_names
(
    config_version UInt32 DEFAULT 0 COMMENT 'Version of the configuration.',
    integration_id String COMMENT 'Tenant.',
    queue_id String COMMENT 'Queue.',
    queue_name String COMMENT 'What people call it.'
)
ENGINE = ReplacingMergeTree
ORDER BY (config_version, integration_id, queue_id)
COMMENT 'Names of queues; events carry none.';

CREATE TABLE IF NOT EXISTS config.agent_names
(
    config_version UInt32 DEFAULT 0 COMMENT 'Version of the configuration.',
    integration_id String COMMENT 'Tenant.',
    agent_id String COMMENT 'Agent.',
    agent_name String COMMENT 'What people call them. A name that an event carries is kept with the event.'
)
ENGINE = ReplacingMergeTree
ORDER BY (config_version, integration_id, agent_id)
COMMENT 'Names of agents.';

CREATE TABLE IF NOT EXISTS config.agent_shifts
(
    config_version UInt32 DEFAULT 0 COMMENT 'Version of the configuration.',
    integration_id String COMMENT 'Tenant.',
    agent_id String COMMENT 'Agent.',
    shift_from DateTime64(3, 'UTC') COMMENT 'Begin, included.',
    shift_to DateTime64(3, 'UTC') COMMENT 'End, not included.'
)
ENGINE = MergeTree
ORDER BY (config_version, integration_id, agent_id, shift_from)
COMMENT 'When agents are on shift; an agent''s shifts don''t overlap.';

CREATE OR REPLACE DICTIONARY config.queue_name
(
    config_version UInt32,
    integration_id String,
    queue_id String,
    queue_name String
)
PRIMARY KEY config_version, integration_id, queue_id
SOURCE(CLICKHOUSE(QUERY 'SELECT loaded AS config_version, integration_id, queue_id, argMax(queue_name, row_version) AS queue_name FROM (SELECT config_version AS row_version, integration_id, queue_id, queue_name, arrayJoin(if(config_version = 0, (SELECT groupArray(version) FROM config.loaded_versions), [config_version])) AS loaded FROM config.queue_names FINAL) GROUP BY loaded, integration_id, queue_id'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 30 MAX 60)
COMMENT 'Queue names by version.';

CREATE OR REPLACE DICTIONARY config.agent_name
(
    config_version UInt32,
    integration_id String,
    agent_id String,
    agent_name String
)
PRIMARY KEY config_version, integration_id, agent_id
SOURCE(CLICKHOUSE(QUERY 'SELECT loaded AS config_version, integration_id, agent_id, argMax(agent_name, row_version) AS agent_name FROM (SELECT config_version AS row_version, integration_id, agent_id, agent_name, arrayJoin(if(config_version = 0, (SELECT groupArray(version) FROM config.loaded_versions), [config_version])) AS loaded FROM config.agent_names FINAL) GROUP BY loaded, integration_id, agent_id'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 30 MAX 60)
COMMENT 'Agent names by version.';

-- What a queue or an agent is called, for any query; the id itself when nobody has named it.
CREATE OR REPLACE FUNCTION queue_name AS (integration_id, queue_id) ->
    dictGetOrDefault('config.queue_name', 'queue_name', (live_config_version(), toString(integration_id), toString(queue_id)), toString(queue_id));

CREATE OR REPLACE FUNCTION agent_name AS (integration_id, agent_id) ->
    dictGetOrDefault('config.agent_name', 'agent_name', (live_config_version(), toString(integration_id), toString(agent_id)), toString(agent_id))
