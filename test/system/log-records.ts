// Records that another producer might have written into the log.
import { loadContracts } from '../../schemas/contract.ts';
import { createPrepare, type PreparedEvent } from '../../services/ingress/event/prepare.ts';
import { parseWebhook } from '../../services/ingress/event/parse.ts';
import { createSealer } from '../../services/ingress/event/seal.ts';
import type { AuthenticWebhook } from '../../services/ingress/outcome.ts';
import { createEncoder } from '../../services/runtime/avro/avro.ts';
import type { Key } from '../../services/runtime/personal/sealed.ts';
import type { SignedEvent } from './support.ts';

export const contracts = await loadContracts();
const prepare = createPrepare(contracts);

function preparedFrom(event: SignedEvent): { readonly webhook: AuthenticWebhook; readonly prepared: PreparedEvent } {
  const parsed = parseWebhook(Buffer.from(JSON.stringify(event)), new Date());
  if ('kind' in parsed) throw new Error(parsed.message);
  const { integration_id } = event.source;
  const webhook = { ...parsed, integration: { integration_id, environment: event.source.environment, secrets: [] } };
  const prepared = prepare(webhook);
  if (prepared.kind === 'unusable') throw new Error(prepared.detail);
  return { webhook, prepared };
}

const valueOf = ({ contract, record }: PreparedEvent, schemaId: number): Buffer => createEncoder(contract.record, schemaId)(record);

/** The value that the ingress would append for the event, under a schema id of the caller's choice. */
export const encoded = (event: SignedEvent, schemaId: number): Buffer => valueOf(preparedFrom(event).prepared, schemaId);

/** The same of an integration whose personal data is sealed. */
export async function sealed(event: SignedEvent, schemaId: number, key: Key): Promise<Buffer> {
  const { webhook, prepared } = preparedFrom(event);
  return valueOf(await createSealer({ keyFor: () => key }).event(webhook, prepared), schemaId);
}

export const headersOf = (event: SignedEvent): Record<string, string> =>
  ({ ce_id: event.event_id, ce_type: event.event_type, integration_id: event.source.integration_id, contract_version: event.version, received_at: '2026-03-02T10:00:00.000Z' });
