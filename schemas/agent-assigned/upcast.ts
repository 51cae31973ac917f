// agent.assigned: 1.1 added `routing_rule`; 1.2 made agent and group ids text.
import type { JsonObject, Upcasters } from '../contract.ts';
import { numberToText, within } from '../upcasting.ts';

const idsToText = (assignee: JsonObject): JsonObject => numberToText('group_id')(numberToText('agent_id')(assignee));

const toCurrent = (payload: JsonObject): JsonObject =>
  within(within(payload, 'assignee', idsToText), 'previous_assignee', idsToText);

export const upcasters: Upcasters = {
  '1.0': (payload) => payload,
  '1.1': toCurrent,
  '1.2': toCurrent,
};
