-- What rules on messages did (services/message-rules): written before and after each effect, so that a restart knows of it.

CREATE TABLE IF NOT EXISTS {database}.rule_action_store
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    event_id String COMMENT 'The event whose message matched, lower case.',
    rule_id LowCardinality(String) COMMENT 'The rule, as configured.',
    action UInt8 COMMENT 'Which of the rule''s actions, from 0.',
    kind LowCardinality(String) COMMENT 'reply, notify or webhook.',
    state LowCardinality(String) COMMENT 'begun, waiting, done, refused, impossible or unknown.',
    changed_at DateTime64(6, 'UTC') COMMENT 'When it got that state; the last one counts.'
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY (integration_id, ticket_id, event_id, rule_id, action)
COMMENT 'Storage of what rules on messages did. Read the view, which has the last state of each.';

CREATE OR REPLACE VIEW {database}.rule_actions
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    ticket_id String COMMENT 'Ticket within the tenant.',
    event_id String COMMENT 'The event whose message matched, lower case.',
    rule_id LowCardinality(String) COMMENT 'The rule, as configured.',
    action UInt8 COMMENT 'Which of the rule''s actions, from 0.',
    kind LowCardinality(String) COMMENT 'reply (to the customer), notify (another chat) or webhook.',
    state LowCardinality(String) COMMENT 'begun (under way), waiting (tried again), done, refused (by Telegram or the receiver), impossible (the ticket has no chat), unknown (sent, and the answer was lost; not sent again).',
    changed_at DateTime64(6, 'UTC') COMMENT 'When it got that state.'
)
AS
SELECT
    integration_id,
    ticket_id,
    event_id,
    rule_id,
    action,
    kind,
    state,
    changed_at
FROM {database}.rule_action_store FINAL
COMMENT 'One row per effect of a rule on a message: what was sent because of which event, and what became of it.'
