-- How far a share of few cases can be trusted: the Wilson score interval, 95 %. It stays within 0 and 1 and holds for
-- small n, where share +- 1.96 deviations says nonsense. NULL without cases. The bounds of none and of all are exact.

CREATE OR REPLACE FUNCTION wilson_margin AS (hits, n) ->
    1.96 * sqrt(hits * (n - hits) / n + 0.9604) / (n + 3.8416);

CREATE OR REPLACE FUNCTION wilson_lower AS (hits, n) ->
    multiIf(n = 0, NULL, hits = 0, 0., greatest(0., (hits + 1.9208) / (n + 3.8416) - wilson_margin(hits, n)));

CREATE OR REPLACE FUNCTION wilson_upper AS (hits, n) ->
    multiIf(n = 0, NULL, hits = n, 1., least(1., (hits + 1.9208) / (n + 3.8416) + wilson_margin(hits, n)));

-- A quantile of sorted values, as quantileExact takes it, and how far it can be trusted: the values at the ranks between which
-- the true one lies with 95 % certainty, whatever their distribution. NULL where there are too few values for such a rank: it may be any.
CREATE OR REPLACE FUNCTION quantile_of AS (sorted, share) ->
    if(empty(sorted), NULL, sorted[toUInt64(share * length(sorted)) + 1]);

CREATE OR REPLACE FUNCTION quantile_rank_margin AS (n, share) ->
    1.96 * sqrt(n * share * (1 - share));

CREATE OR REPLACE FUNCTION value_at_rank AS (sorted, rank) ->
    arrayElementOrNull(sorted, greatest(rank, 0));

CREATE OR REPLACE FUNCTION quantile_likely_from AS (sorted, share) ->
    value_at_rank(sorted, toInt64(floor(share * length(sorted) - quantile_rank_margin(length(sorted), share))));

CREATE OR REPLACE FUNCTION quantile_likely_to AS (sorted, share) ->
    value_at_rank(sorted, toInt64(ceil(1 + share * length(sorted) + quantile_rank_margin(length(sorted), share))));

-- How far a ratio of sums, a day's each, can be trusted, 95 %: what to add and to take away, by how much the days differ
-- (Student's t, to two digits). NULL for fewer than 8 days: they don't tell how days differ.
CREATE OR REPLACE FUNCTION ratio_margin AS (parts, wholes) ->
    if(length(wholes) < 8, NULL,
       (1.96 + 2.7 / (length(wholes) - 1)) / arraySum(wholes)
       * sqrt(length(wholes) / (length(wholes) - 1) * arraySum((part, whole) -> pow(part - whole * arraySum(parts) / arraySum(wholes), 2), parts, wholes)))
