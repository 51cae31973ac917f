// Records that another producer might have written into the log.
import { loadContracts } from '../../schemas/contract.ts';
import { createPrepare } from '../../services/ingress/event/prepare.ts';
import { parseWebhook } from '../../services/ingress/event/parse.ts';
import { createEncoder } from '../../services/runtime/avro/avro.ts';
import type { SignedEvent } from './support.ts';

export const contracts = await loadContracts();
const prepare = createPrepare(contracts);

/** The value that the ingress would append for the event, under a schema id of the caller's choice. */
export function encoded(event: SignedEvent, schemaId: number): Buffer {
  const webhook = parseWebhook(Buffer.from(JSON.stringify(event)), new Date());
  if ('kind' in webhook) throw new Error(webhook.message);
  const { integration_id } = event.source;
  const prepared = prepare({ ...webhook, integration: { integration_id, environment: event.source.environment, secrets: [] } });
  if (prepared.kind === 'unusable') throw new Error(prepared.detail);
  return createEncoder(prepared.contract.record, schemaId)(prepared.record);
}

export const headersOf = (event: SignedEvent): Record<string, string> =>
  ({ ce_id: event.event_id, ce_type: event.event_type, integration_id: event.source.integration_id, contract_version: event.version, received_at: '2026-03-02T10:00:00.000Z' });
