-- What a customer may see of the archive: what was said between them and support, without a private note and without the
-- name of anybody of the company. Exports for customers' eyes read this and nothing else.

DEFINE columns_of_messages AS
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    event_id String COMMENT 'Identity of the event, lower case.',
    timestamp DateTime64(3, 'UTC') COMMENT 'Event time by the CRM''s clock.',
    author LowCardinality(String) COMMENT 'customer or support: whoever is no customer is support.',
    author_telegram_user_id Nullable(Int64) COMMENT 'Telegram user of a customer; NULL when absent, and for support.',
    message_id Nullable(String) COMMENT 'Telegram message id. A message that repeats the one that opened the ticket has the same.',
    text Nullable(String) COMMENT 'Text or caption.',
    content_type Nullable(String) COMMENT 'text, photo, document, voice, …',
    files Array(Tuple(file_url Nullable(String), file_size Nullable(Int64), file_name Nullable(String), content_type Nullable(String))) COMMENT 'Attachments, in the order sent.',
    received_at DateTime64(3, 'UTC') COMMENT 'When the ingress accepted the event.',
    kafka_partition Int32 COMMENT 'Partition in the log.',
    kafka_offset Int64 COMMENT 'Offset in the log.'
);

DEFINE text_of_message AS if(stored.event_type = 'ticket.created', stored.initial_message_text, stored.content_text);

DEFINE files_of_message AS if(stored.event_type = 'ticket.created', stored.initial_message_files, stored.content_files);

DEFINE whose_message AS
    stored.integration_id AS integration_id,
    stored.ticket_id AS ticket_id,
    stored.event_id AS event_id,
    stored.timestamp AS timestamp,
    if(stored.event_type = 'ticket.created' OR stored.sender_type = 'customer', 'customer', 'support') AS author,
    multiIf(stored.event_type = 'ticket.created', stored.customer_telegram_user_id, stored.sender_type = 'customer', stored.sender_telegram_user_id, NULL) AS author_telegram_user_id,
    if(stored.event_type = 'ticket.created', stored.initial_message_message_id, stored.message_id) AS message_id;

DEFINE public_ones AS
    if(stored.event_type = 'ticket.created', stored.initial_message_content_type, stored.content_content_type) AS content_type,
    stored.received_at AS received_at,
    stored.kafka_partition AS kafka_partition,
    stored.kafka_offset AS kafka_offset
FROM {database}.event_store AS stored FINAL
-- NULL is not true: what does not say that it is public is not shown. A text that is sealed is one, with its key or without.
WHERE (stored.event_type = 'message.received' AND stored.is_private = false)
    OR (stored.event_type = 'ticket.created' AND (stored.initial_message_message_id IS NOT NULL OR stored.initial_message_text IS NOT NULL
        OR stored.initial_message_content_type IS NOT NULL OR notEmpty(stored.initial_message_files)));

CREATE OR REPLACE VIEW {database}.public_messages
{columns_of_messages}
AS
WITH
    dictGetOrDefault('{database}.keys', 'key', stored.key_id, repeat('-', 32)) AS key,
    stored.extra['sealed'] AS sealed_together,
    unsealed(sealed_together, key) AS together
SELECT
    {whose_message},
    if(stored.key_id = 0, {text_of_message}, unsealed_of({text_of_message}, key, sealed_together, together)) AS text,
    if(stored.key_id = 0, {files_of_message}, arrayMap(file -> tuple(unsealed_of(file.file_url, key, sealed_together, together), file.file_size, unsealed_of(file.file_name, key, sealed_together, together), file.content_type), {files_of_message})) AS files,
    {public_ones}
COMMENT 'One row per message that a customer may see, the opening one included. Private notes are never in here.';

CREATE OR REPLACE VIEW {database}.sealed_public_messages
{columns_of_messages}
AS
SELECT
    {whose_message},
    {text_of_message} AS text,
    {files_of_message} AS files,
    {public_ones}
COMMENT 'The same as public_messages, with what is sealed as it lies in the log, for exports.'
