// ticket.created: 1.1 added `status`; 1.2 renamed `customer.phone` to `contact_phone`, made
// `message_id` text and attachments a list.
import type { JsonObject, Upcasters } from '../contract.ts';
import { numberToText, rename, singleFileToList, within } from '../upcasting.ts';

const toCurrentMessage = (message: JsonObject): JsonObject => numberToText('message_id')(singleFileToList(message));

const toCurrent = (payload: JsonObject): JsonObject =>
  within(within(payload, 'customer', rename('phone', 'contact_phone')), 'initial_message', toCurrentMessage);

export const upcasters: Upcasters = {
  '1.0': (payload) => payload,
  '1.1': toCurrent,
  '1.2': toCurrent,
};
