-- How long tickets really take: Kaplan-Meier over all tickets, open ones censored at the present, discarded ones where
-- they were discarded: until then they could have been solved.
-- Averages of finished tickets only leave out the ones that take long.

CREATE OR REPLACE VIEW {database}.resolution_survival
(
    integration_id LowCardinality(String) COMMENT 'Tenant.',
    elapsed_seconds Int64 COMMENT 'Time since creation, whole seconds: a moment at which somebody was first solved, last seen open or discarded.',
    at_risk UInt64 COMMENT 'Tickets still unsolved and observed just before it.',
    solved UInt64 COMMENT 'First solves at exactly this age.',
    censored UInt64 COMMENT 'Tickets never solved that were last at risk at this age: still open, or discarded then.',
    survival Float64 COMMENT 'Kaplan-Meier share still unsolved after this age. To 12 digits, so that the median is the first row with survival <= 0.5.'
)
AS
SELECT
    integration_id,
    elapsed_seconds,
    at_risk,
    solved,
    censored,
    -- A sum of logarithms misses an exact half by a hair, and whoever asks for the first row <= 0.5 would get the next one.
    round(exp(sum(log_share) OVER so_far), 12) AS survival
FROM
(
    SELECT
        *,
        if(solved = at_risk, -inf, log(1 - solved / at_risk)) AS log_share
    FROM
    (
        SELECT
            integration_id,
            elapsed_seconds,
            countIf(is_solved) AS solved,
            countIf(NOT is_solved) AS censored,
            sum(count()) OVER (
                PARTITION BY integration_id ORDER BY elapsed_seconds
                ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS at_risk
        FROM
        (
            SELECT
                integration_id,
                isNotNull(first_solved_at) AS is_solved,
                assumeNotNull(seconds_between(created_at, coalesce(first_solved_at, discarded_at, now64(3, 'UTC')))) AS elapsed_seconds
            FROM {database}.ticket_facts FINAL
            WHERE isNotNull(first_solved_at) OR isNotNull(discarded_at) OR NOT is_finished(status_category)
        )
        GROUP BY integration_id, elapsed_seconds
    )
)
WINDOW so_far AS (PARTITION BY integration_id ORDER BY elapsed_seconds ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
COMMENT 'One row per tenant and age at which a ticket was first solved, was last seen open or was discarded. Tickets created solved, closed or discarded are left out until they come back.'
