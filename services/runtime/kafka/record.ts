// A record as the rest of the system knows it, made of what the client library reads.
import type { KafkaMessage } from 'kafkajs';
import type { LogRecord } from '../event-log.ts';

const headerText = (value: Buffer | string | (Buffer | string)[] | undefined): string => {
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? '' : first.toString();
};

export const toRecord = (topic: string, partition: number, message: KafkaMessage): LogRecord => ({
  topic,
  partition,
  offset: Number(message.offset),
  key: message.key === null ? null : message.key.toString('utf8'),
  value: message.value,
  headers: Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, headerText(value)])),
  timestampMs: Number(message.timestamp),
});
