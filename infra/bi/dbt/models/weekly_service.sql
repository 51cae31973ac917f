-- An example of a model on top of the views: per tenant, week and first queue, arrivals and the answered share beside the median.
-- Percentiles of percentiles mean nothing, so a coarser report starts from tickets again, not from this.
select
    integration_id,
    first_queue_id as queue_id,
    toMonday(created_at) as week,
    count() as tickets,
    count(first_response_seconds) / count() as answered_share,
    quantileExactOrNull(0.5)(first_response_seconds) as first_response_p50_seconds
from {{ source('queue', 'tickets') }}
group by integration_id, queue_id, week
