-- Every record goes through this table; columns that its type lacks are empty.
CREATE TABLE default.my_feed (
    event_id String, ticket_id String, `source.integration_id` String,
    timestamp DateTime64(3, 'UTC'), new_status String
) ENGINE = Kafka
SETTINGS kafka_broker_list = '127.0.0.1:9092', kafka_topic_list = 'crm.production.ticket-events',
    kafka_group_name = 'my-clickhouse', kafka_format = 'AvroConfluent', kafka_handle_error_mode = 'stream',
    format_avro_schema_registry_url = 'http://127.0.0.1:8081/apis/ccompat/v7', input_format_avro_allow_missing_fields = 1;

-- The same event may come twice: it counts once by these three.
CREATE TABLE default.my_status_changes (
    integration_id String, ticket_id String, event_id String, at DateTime64(3, 'UTC'), new_status String
) ENGINE = ReplacingMergeTree ORDER BY (integration_id, ticket_id, event_id);

-- The header says the type; records that could not be read have an _error.
CREATE MATERIALIZED VIEW default.my_status_changes_feed TO default.my_status_changes AS
SELECT `source.integration_id` AS integration_id, ticket_id, event_id, timestamp AS at, new_status
FROM default.my_feed
WHERE _error = '' AND _headers.value[indexOf(_headers.name, 'ce_type')] = 'status.changed';
