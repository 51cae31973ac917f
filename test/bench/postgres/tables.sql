-- The tables that Chatwoot's reports read, with their columns and types: conversations, messages, reporting_events. What no
-- report reads and nobody fills here (attributes as JSON, campaigns, priorities) is left out, which makes the rows smaller than Chatwoot's.
CREATE TABLE conversations (
    id serial PRIMARY KEY, account_id integer NOT NULL, inbox_id integer NOT NULL, status integer DEFAULT 0 NOT NULL, assignee_id integer,
    created_at timestamp NOT NULL, updated_at timestamp NOT NULL, contact_id bigint, display_id integer NOT NULL,
    uuid uuid DEFAULT gen_random_uuid() NOT NULL, last_activity_at timestamp NOT NULL, team_id bigint,
    first_reply_created_at timestamp, waiting_since timestamp(6)
);

CREATE TABLE messages (
    id serial PRIMARY KEY, content text, account_id integer NOT NULL, inbox_id integer NOT NULL, conversation_id integer NOT NULL,
    message_type integer NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, private boolean DEFAULT false NOT NULL,
    status integer DEFAULT 0, source_id varchar, content_type integer DEFAULT 0 NOT NULL, sender_type varchar, sender_id bigint
);

CREATE TABLE reporting_events (
    id bigserial PRIMARY KEY, name varchar, value float, account_id integer, inbox_id integer, user_id integer, conversation_id integer,
    created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL, value_in_business_hours float, event_start_time timestamp, event_end_time timestamp
);
