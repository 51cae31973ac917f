-- Chatwoot's indexes of these columns, made after the rows are in. The one over the words of all messages serves its search, not its reports.
CREATE UNIQUE INDEX ON conversations (account_id, display_id);
CREATE INDEX ON conversations (account_id, id);
CREATE INDEX ON conversations (account_id, inbox_id, status, assignee_id);
CREATE INDEX ON conversations (account_id);
CREATE INDEX ON conversations (assignee_id, account_id);
CREATE INDEX ON conversations (contact_id);
CREATE INDEX ON conversations (first_reply_created_at);
CREATE INDEX ON conversations (inbox_id);
CREATE INDEX ON conversations (status, account_id);
CREATE INDEX ON conversations (team_id);
CREATE UNIQUE INDEX ON conversations (uuid);
CREATE INDEX ON conversations (waiting_since);

CREATE INDEX ON messages (account_id, content_type, created_at);
CREATE INDEX ON messages (account_id, created_at, message_type);
CREATE INDEX ON messages (account_id, inbox_id);
CREATE INDEX ON messages (account_id);
CREATE INDEX ON messages (conversation_id, account_id, message_type, created_at);
CREATE INDEX ON messages (conversation_id);
CREATE INDEX ON messages (created_at);
CREATE INDEX ON messages (inbox_id);
CREATE INDEX ON messages (sender_type, sender_id);
CREATE INDEX ON messages (source_id);

CREATE INDEX ON reporting_events (account_id, name, created_at);
CREATE INDEX ON reporting_events (account_id, name, inbox_id, created_at);
CREATE INDEX ON reporting_events (account_id);
CREATE INDEX ON reporting_events (conversation_id);
CREATE INDEX ON reporting_events (created_at);
CREATE INDEX ON reporting_events (inbox_id);
CREATE INDEX ON reporting_events (name);
CREATE INDEX ON reporting_events (user_id);
VACUUM (ANALYZE) conversations;
VACUUM (ANALYZE) messages;
VACUUM (ANALYZE) reporting_events;
