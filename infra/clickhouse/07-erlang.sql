-- Erlang C: how likely a contact that is answered live has to wait, and how many agents a promise takes.
-- It holds for contacts that arrive at random, wait in one line and don't give up. Work that may lie in a queue for
-- hours needs no such formula: it needs hours of work, not somebody free at each moment.

-- Mean agents busy at once: contacts of an interval times the seconds that each takes, over the interval's seconds.
CREATE OR REPLACE FUNCTION erlang_load AS (arrivals, interval_seconds, handle_seconds) ->
    toFloat64(arrivals) * handle_seconds / interval_seconds;

-- One step of the recursion of 1 / Erlang B, from n - 1 agents to n. Every term is positive, so nothing cancels and no
-- factorial overflows: thousands of agents are as exact as five. An infinite result means that nobody waits.
CREATE OR REPLACE FUNCTION next_inverse_erlang_b AS (inverse_b, load, agents) -> 1 + inverse_b * agents / load;

CREATE OR REPLACE FUNCTION erlang_c_of_inverse_b AS (inverse_b, load, agents) ->
    if(agents <= load, 1., agents / (load + inverse_b * (agents - load)));

-- P(wait): the probability that a contact finds every agent busy. 1 when the load is as much as the agents can do,
-- 0 without any load.
CREATE OR REPLACE FUNCTION erlang_c AS (arrivals, interval_seconds, handle_seconds, agents) ->
    if(erlang_load(arrivals, interval_seconds, handle_seconds) <= 0, 0.,
       erlang_c_of_inverse_b(
           arrayFold((inverse_b, n) -> next_inverse_erlang_b(inverse_b, erlang_load(arrivals, interval_seconds, handle_seconds), n),
                     range(1, toUInt32(agents) + 1), toFloat64(1)),
           erlang_load(arrivals, interval_seconds, handle_seconds), agents));

-- Share answered within some seconds, given the probability to wait.
CREATE OR REPLACE FUNCTION answered_within_share AS (p_wait, load, handle_seconds, agents, within_seconds) ->
    if(load <= 0, 1., if(agents <= load, 0., 1 - p_wait * exp(-(agents - load) * within_seconds / handle_seconds)));

CREATE OR REPLACE FUNCTION erlang_service_level AS (arrivals, interval_seconds, handle_seconds, agents, within_seconds) ->
    answered_within_share(
        erlang_c(arrivals, interval_seconds, handle_seconds, agents),
        erlang_load(arrivals, interval_seconds, handle_seconds), handle_seconds, agents, within_seconds);

-- Where the search for a number of agents ends. Eight standard deviations above the load nobody waits.
CREATE OR REPLACE FUNCTION most_agents AS (load) -> toUInt32(ceil(load + 8 * sqrt(load)) + 10);

-- The fewest agents with whom the share answered within some seconds reaches a target below 1; 0 without any load.
CREATE OR REPLACE FUNCTION agents_for_service_level AS (arrivals, interval_seconds, handle_seconds, within_seconds, target_share) ->
    if(erlang_load(arrivals, interval_seconds, handle_seconds) <= 0, toUInt32(0),
       arrayFold(
           (found, n) -> (
               next_inverse_erlang_b(found.1, erlang_load(arrivals, interval_seconds, handle_seconds), n),
               if(found.2 = 0
                    AND answered_within_share(
                        erlang_c_of_inverse_b(
                            next_inverse_erlang_b(found.1, erlang_load(arrivals, interval_seconds, handle_seconds), n),
                            erlang_load(arrivals, interval_seconds, handle_seconds), n),
                        erlang_load(arrivals, interval_seconds, handle_seconds), handle_seconds, n, within_seconds) >= target_share,
                  toUInt32(n), found.2)),
           range(1, most_agents(erlang_load(arrivals, interval_seconds, handle_seconds)) + 1),
           (toFloat64(1), toUInt32(0))).2)
