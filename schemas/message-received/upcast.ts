// message.received: 1.1 added `is_automated`; 1.2 made `message_id` text and attachments a list.
import type { JsonObject, Upcasters } from '../contract.ts';
import { numberToText, singleFileToList, within } from '../upcasting.ts';

const toCurrent = (payload: JsonObject): JsonObject =>
  numberToText('message_id')(within(payload, 'content', singleFileToList));

export const upcasters: Upcasters = {
  '1.0': (payload) => payload,
  '1.1': toCurrent,
  '1.2': toCurrent,
};
