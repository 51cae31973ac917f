// A record as kafkajs hands it over, as the rest of the system knows it. Its headers are decoded when somebody asks for them.
import type { KafkaMessage } from 'kafkajs';
import type { LogRecord } from '../event-log.ts';
import { DecodedRecord } from './record-decoder.ts';

/** Of a header that comes again, the first counts; one without a value says nothing. */
const headerText = (value: Buffer | string | (Buffer | string | null)[] | null | undefined): string => (Array.isArray(value) ? value[0] : value)?.toString() ?? '';

class KafkaRecord implements LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly #message: KafkaMessage;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(topic: string, partition: number, message: KafkaMessage) {
    [this.topic, this.partition, this.#message] = [topic, partition, message];
    this.offset = Number(message.offset);
    this.key = message.key === null ? null : message.key.toString('utf8');
    this.value = message.value;
    this.timestampMs = Number(message.timestamp);
  }

  get headers(): Readonly<Record<string, string>> {
    return (this.#headers ??= Object.fromEntries(Object.entries(this.#message.headers ?? {}).map(([name, value]) => [name, headerText(value)])));
  }

  header(name: string): string | undefined {
    return this.#message instanceof DecodedRecord ? this.#message.header(bytesOfName(name)) : this.headers[name];
  }
}

/** As bytes, by name. */
const headerNames = new Map<string, Buffer>();

function bytesOfName(name: string): Buffer {
  const bytes = headerNames.get(name) ?? Buffer.from(name);
  headerNames.set(name, bytes);
  return bytes;
}

export const toRecord = (topic: string, partition: number, message: KafkaMessage): LogRecord => new KafkaRecord(topic, partition, message);
