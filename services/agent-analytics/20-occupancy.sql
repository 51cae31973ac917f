-- How busy agents are while on shift. Shifts are configuration; without them both figures are NULL, never 0.

CREATE OR REPLACE VIEW {database}.agent_occupancy
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    agent_id String COMMENT 'Agent; empty for agents without id.',
    agent_name String COMMENT 'Configured name; the id when there is none.',
    day Date COMMENT 'Local day of the zone. Anchor: when a shift''s part lies in it, and when a session began.',
    shift_seconds Int64 COMMENT 'Time on shift, whole seconds elapsed, up to now; 0 without a shift.',
    handle_seconds Int64 COMMENT 'Estimate: handling time of the sessions that began on the day, on shift or not, whole seconds.',
    occupancy Nullable(Float64) COMMENT 'handle_seconds / shift_seconds; above 1 when work is done off shift. NULL without a shift.',
    held_on_shift_seconds Int64 COMMENT 'Time in new and open with the agent while on shift, added over tickets, whole seconds; running up to now.',
    concurrency Nullable(Float64) COMMENT 'Mean open tickets held on shift: held_on_shift_seconds / shift_seconds. NULL without a shift.'
)
AS
WITH
    now64(3, 'UTC') AS present,

    -- Shifts cut at local midnight; what lies ahead has not been worked yet. Tenants are of the facts' type: cast there, facts
    -- of all tenants would be read. By CAST and the clause ARRAY JOIN: by their functions
    -- shifts of all tenants would be read.
    parts AS
    (
        SELECT
            CAST(integration_id, 'LowCardinality(String)') AS integration_id,
            agent_id,
            first_day + day_no AS local_day,
            greatest(shift_from, toDateTime64(local_day, 3, {zone:String})) AS part_from,
            least(shift_to, toDateTime64(local_day + 1, 3, {zone:String}), present) AS part_to
        FROM
        (
            SELECT
                integration_id,
                agent_id,
                shift_from,
                shift_to,
                toDate(shift_from, {zone:String}) AS first_day,
                day_no
            FROM config.agent_shifts
            ARRAY JOIN range(toUInt32(toDate(shift_to, {zone:String}) - toDate(shift_from, {zone:String})) + 1) AS day_no
            WHERE config_version IN (0, live_config_version()) AND shift_from < present
        )
        WHERE part_from < part_to
    ),

    -- A holding once for each local day that it touches, so that it meets the shifts of that day only.
    holdings AS
    (
        SELECT
            integration_id,
            ticket_id,
            agent_id,
            held_from,
            held_to,
            toDate(held_from, {zone:String}) AS first_day,
            arrayJoin(range(toUInt32(toDate(greatest(held_from, least(held_to, present)), {zone:String}) - first_day) + 1)) AS day_no,
            first_day + day_no AS local_day
        FROM {database}.ticket_facts FINAL
        ARRAY JOIN held.agent_id AS agent_id, held.held_from AS held_from, held.held_to AS held_to
    ),

    moments AS
    (
        SELECT integration_id, agent_id, local_day, ms_between(part_from, part_to) AS shift_ms, 0 AS handled, 0 AS held
        FROM parts
        UNION ALL
        SELECT integration_id, agent_id, toDate(started_at, {zone:String}), 0, handled.handle_seconds, 0
        FROM ({handled_sessions}) AS handled
        UNION ALL
        -- A sum over tickets is the sum of their whole-second values.
        SELECT p.integration_id, p.agent_id, p.local_day, 0, 0,
            whole_seconds(sum(ms_between(greatest(p.part_from, h.held_from), least(p.part_to, h.held_to))))
        FROM parts AS p
        INNER JOIN holdings AS h ON h.integration_id = p.integration_id AND h.agent_id = p.agent_id AND h.local_day = p.local_day
        WHERE h.held_from < p.part_to AND h.held_to > p.part_from
        GROUP BY p.integration_id, p.agent_id, p.local_day, h.ticket_id
    )
SELECT
    integration_id,
    agent_id,
    agent_name(integration_id, agent_id) AS agent_name,
    local_day AS day,
    whole_seconds(sum(shift_ms)) AS shift_seconds,
    sum(handled) AS handle_seconds,
    handle_seconds / nullIf(shift_seconds, 0) AS occupancy,
    sum(held) AS held_on_shift_seconds,
    held_on_shift_seconds / nullIf(shift_seconds, 0) AS concurrency
FROM moments
GROUP BY integration_id, agent_id, local_day
COMMENT 'One row per tenant, agent and local day with a shift or a session. Parameter: zone, an IANA zone. SHOW CREATE VIEW explains the columns.'
