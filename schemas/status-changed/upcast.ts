// status.changed: 1.2 made the actor's id text.
import type { JsonObject, Upcasters } from '../contract.ts';
import { numberToText, within } from '../upcasting.ts';

const toCurrent = (payload: JsonObject): JsonObject => within(payload, 'changed_by', numberToText('id'));

export const upcasters: Upcasters = {
  '1.0': (payload) => payload,
  '1.1': toCurrent,
  '1.2': toCurrent,
};
