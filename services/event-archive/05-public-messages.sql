-- What a customer may see of the archive: what was said between them and support, without a private note and without the
-- name of anybody of the company. Exports for customers' eyes read this and nothing else.

CREATE OR REPLACE VIEW {database}.public_messages
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
)
AS
SELECT
    integration_id,
    ticket_id,
    event_id,
    timestamp,
    if(event_type = 'ticket.created' OR sender_type = 'customer', 'customer', 'support') AS author,
    multiIf(event_type = 'ticket.created', customer_telegram_user_id, sender_type = 'customer', sender_telegram_user_id, NULL) AS author_telegram_user_id,
    if(event_type = 'ticket.created', initial_message_message_id, message_id) AS message_id,
    if(event_type = 'ticket.created', initial_message_text, content_text) AS text,
    if(event_type = 'ticket.created', initial_message_content_type, content_content_type) AS content_type,
    if(event_type = 'ticket.created', initial_message_files, content_files) AS files,
    received_at,
    kafka_partition,
    kafka_offset
FROM {database}.event_store FINAL
-- NULL is not true: what does not say that it is public is not shown.
WHERE (event_type = 'message.received' AND is_private = false)
    OR (event_type = 'ticket.created' AND (initial_message_message_id IS NOT NULL OR initial_message_text IS NOT NULL
        OR initial_message_content_type IS NOT NULL OR notEmpty(initial_message_files)))
COMMENT 'One row per message that a customer may see, the opening one included. Private notes are never in here.'
