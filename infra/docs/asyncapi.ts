// The whole interface as one AsyncAPI 3 document, in JSON (which is YAML too): the webhook and
// its answers, the topics, their headers, every message with an example. Self-contained, so
// that it can be handed to a tool or a partner as one file.
import { envelopeSchema, type EventContract, type Json, type JsonObject } from '../../schemas/contract.ts';
import { eventsTopic, MAX_EVENT_BYTES, quarantineTopic } from '../../services/runtime/event-log.ts';
import { eventHeaders, exampleRecord, exampleSource, exampleWebhook, quarantineHeaders, resolutionHeaders, type Header } from './examples.ts';

const AVRO = 'application/vnd.apache.avro;version=1.9.0';
const ENVIRONMENT = '{environment}';

const ref = (path: string): JsonObject => ({ $ref: `#/${path}` });
/** A schema inside the document is no document of its own. */
const inlined = (schema: JsonObject): JsonObject => Object.fromEntries(Object.entries(schema).filter(([name]) => name !== '$schema' && name !== '$id'));
const newestOf = ({ versions }: EventContract): string => [...versions.keys()].at(-1) ?? '';

const webhookName = (contract: EventContract, version: string): string => `webhook-${contract.eventType}-${version}`;
const recordMessage = (contract: EventContract): string => `event-${contract.eventType}`;

interface Named {
  readonly contract: EventContract;
  readonly version: string;
}

const webhooks = (contracts: readonly EventContract[]): Named[] =>
  contracts.flatMap((contract) => [...contract.versions.keys()].map((version) => ({ contract, version })));

const headersSchema = (headers: readonly Header[]): JsonObject => ({
  type: 'object',
  properties: Object.fromEntries(headers.map(({ name, meaning }) => [name, { type: 'string', description: meaning }])),
  required: headers.filter(({ optional }) => optional !== true).map(({ name }) => name),
});
const headersExample = (headers: readonly Header[]): JsonObject => Object.fromEntries(headers.filter(({ optional }) => optional !== true).map(({ name, example }) => [name, example]));

function webhookMessage({ contract, version }: Named): JsonObject {
  const { eventType } = contract;
  return {
    name: webhookName(contract, version),
    title: `${eventType} ${version}`,
    summary: contract.record.doc ?? '',
    contentType: 'application/json',
    payload: {
      allOf: [
        ref('components/schemas/envelope'),
        {
          type: 'object',
          required: ['version', 'payload'],
          properties: { event_type: { const: eventType }, version: { const: version }, payload: ref(`components/schemas/${eventType}-${version}`) },
        },
      ],
    },
    examples: [{ name: 'signed', summary: 'Signed with the secret example-secret.', payload: exampleWebhook(contract, version) }],
  };
}

function eventMessage(contract: EventContract): JsonObject {
  const version = newestOf(contract);
  const headers = eventHeaders(contract, version);
  return {
    name: recordMessage(contract),
    title: contract.recordName,
    summary: contract.record.doc ?? '',
    description: 'Value: a zero byte, the schema id as 4 bytes big-endian, the Avro body. The payload here is the decoded body.',
    contentType: 'application/avro',
    headers: ref('components/schemas/eventHeaders'),
    payload: { schemaFormat: AVRO, schema: contract.record as unknown as Json },
    bindings: { kafka: { key: { type: 'string', description: 'The ticket_id.' }, schemaIdLocation: 'payload', schemaIdPayloadEncoding: 'confluent', schemaLookupStrategy: 'TopicRecordNameStrategy' } },
    examples: [{ name: 'decoded', headers: headersExample(headers), payload: exampleRecord(contract, version) }],
  };
}

const quarantineMessage: JsonObject = {
  name: 'quarantined',
  title: 'What could not be used',
  summary: 'The bytes as they came; the reason is in the headers.',
  contentType: 'application/octet-stream',
  headers: ref('components/schemas/quarantineHeaders'),
  payload: { type: 'string', format: 'binary' },
  bindings: { kafka: { key: { type: 'string', description: 'The ticket_id, or the event_id when there is none.' } } },
  examples: [{ name: 'no first_name', headers: headersExample(quarantineHeaders), payload: '{"event_id":"…","event_type":"ticket.created","…":"…"}' }],
};

const resolutionMessage: JsonObject = {
  name: 'resolution',
  title: 'What was done about it',
  summary: 'Follows the item. The value is empty.',
  contentType: 'application/octet-stream',
  headers: ref('components/schemas/resolutionHeaders'),
  payload: { type: 'string', maxLength: 0 },
  bindings: { kafka: { key: { type: 'string', description: 'The item’s key.' } } },
  examples: [{ name: 'replayed', headers: headersExample(resolutionHeaders), payload: '' }],
};

const answers: JsonObject = {
  answer: {
    name: 'answer',
    title: 'Kept: HTTP 200',
    contentType: 'application/json',
    payload: {
      type: 'object',
      required: ['status', 'event_id'],
      properties: { status: { enum: ['accepted', 'duplicate', 'quarantined'] }, event_id: { type: 'string' } },
    },
    examples: [{ name: 'accepted', payload: { status: 'accepted', event_id: 'f573033a-e7a1-4e9e-896e-27e2e2d1ba9f' } }],
  },
  error: {
    name: 'error',
    title: 'Not kept: any other status',
    contentType: 'application/json',
    headers: { type: 'object', properties: { 'retry-after': { type: 'string', description: 'Seconds; with 429 and 503.' } } },
    payload: {
      type: 'object',
      required: ['error'],
      properties: {
        error: {
          type: 'object',
          required: ['code', 'message'],
          properties: { code: { type: 'string' }, message: { type: 'string' }, path: { type: 'string', description: 'JSON Pointer to the field at fault.' } },
        },
      },
    },
    examples: [{ name: 'envelope', payload: { error: { code: 'invalid_envelope', message: 'the envelope is invalid: must have required property \'signature\'', path: '/signature' } } }],
  },
};

const environmentParameter: JsonObject = { environment: { description: 'Of the integration.', default: 'production', examples: ['production', 'staging'] } };

function channels(contracts: readonly EventContract[]): JsonObject {
  const posted = Object.fromEntries(webhooks(contracts).map(({ contract, version }) => {
    const name = webhookName(contract, version);
    return [name, ref(`components/messages/${name}`)];
  }));
  const ingress = { servers: [ref('servers/ingress')], messages: posted };
  return {
    webhooks: { address: '/webhooks', title: 'The door', description: 'One event a request, POST, at most 1 MiB.', ...ingress },
    integrationWebhooks: {
      address: '/webhooks/{integration_id}',
      description: 'The same; the event must be of the integration in the path.',
      parameters: { integration_id: { description: 'As in the envelope’s source.', examples: [exampleSource.integration_id] } },
      ...ingress,
    },
    answers: { address: null, description: 'In the HTTP response.', messages: { answer: ref('components/messages/answer'), error: ref('components/messages/error') } },
    ticketEvents: {
      address: eventsTopic(ENVIRONMENT),
      title: 'The log',
      description: 'All event types. The key decides the partition, so a ticket’s events are in the order of their answers. Kept for ever, never compacted. The same event may be there twice: it counts once by integration_id, ticket_id and event_id.',
      servers: [ref('servers/kafka')],
      parameters: environmentParameter,
      messages: Object.fromEntries(contracts.map((contract) => [recordMessage(contract), ref(`components/messages/${recordMessage(contract)}`)])),
      bindings: { kafka: { topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': -1, 'retention.bytes': -1, 'max.message.bytes': MAX_EVENT_BYTES } } },
    },
    quarantine: {
      address: quarantineTopic(ENVIRONMENT),
      title: 'The quarantine',
      description: 'What was signed and could not be used, and records of the log that could not be read. Kept for ever.',
      servers: [ref('servers/kafka')],
      parameters: environmentParameter,
      messages: { quarantined: ref('components/messages/quarantined'), resolution: ref('components/messages/resolution') },
    },
  };
}

function operations(): JsonObject {
  const reply = { channel: ref('channels/answers'), messages: [ref('channels/answers/messages/answer'), ref('channels/answers/messages/error')] };
  const bindings = { http: { method: 'POST' } };
  return {
    receiveWebhook: { action: 'receive', channel: ref('channels/webhooks'), summary: 'A CRM sends an event.', bindings, reply },
    receiveIntegrationWebhook: { action: 'receive', channel: ref('channels/integrationWebhooks'), summary: 'A CRM sends an event to the address of its integration.', bindings, reply },
    appendEvent: { action: 'send', channel: ref('channels/ticketEvents'), summary: 'An accepted event is appended, acks=all, before the answer.' },
    quarantine: { action: 'send', channel: ref('channels/quarantine'), summary: 'What cannot be used is kept whole, acks=all, before the answer.' },
  };
}

/** The document's text. */
export function asyncapiDocument(contracts: readonly EventContract[]): string {
  const [first] = contracts;
  if (first === undefined) throw new Error('there is no event type');
  const version = contracts.map(newestOf).sort().at(-1) ?? '';
  const document: JsonObject = {
    asyncapi: '3.0.0',
    info: {
      title: 'Ticketstream',
      version,
      description: 'Signed webhooks of a CRM in, an ordered log of ticket events out. The described application is Ticketstream: it receives webhooks and sends to the topics.',
    },
    defaultContentType: 'application/json',
    servers: {
      ingress: { host: '{host}', protocol: 'https', description: 'Where the CRM posts to; http on a local stack.', variables: { host: { default: 'localhost:8080' } } },
      kafka: { host: '{host}', protocol: 'kafka', variables: { host: { default: 'localhost:9092' } }, bindings: { kafka: { schemaRegistryUrl: 'http://localhost:8081/apis/ccompat/v7', schemaRegistryVendor: 'confluent' } } },
    },
    channels: channels(contracts),
    operations: operations(),
    components: {
      messages: {
        ...Object.fromEntries(webhooks(contracts).map((named) => [webhookName(named.contract, named.version), webhookMessage(named)])),
        ...Object.fromEntries(contracts.map((contract) => [recordMessage(contract), eventMessage(contract)])),
        quarantined: quarantineMessage,
        resolution: resolutionMessage,
        ...answers,
      },
      schemas: {
        envelope: inlined(envelopeSchema),
        eventHeaders: headersSchema(eventHeaders(first, newestOf(first))),
        quarantineHeaders: headersSchema(quarantineHeaders),
        resolutionHeaders: headersSchema(resolutionHeaders),
        ...Object.fromEntries(webhooks(contracts).map(({ contract, version: of }) => [`${contract.eventType}-${of}`, inlined(contract.versions.get(of) ?? {})])),
      },
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
