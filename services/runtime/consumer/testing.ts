// For the tests of consumers: one event to a handler, without a log. The answer is the handler's.
import type { AnyEvent, Consumer, HandlerAnswer, HandlerContext } from '../consumer.ts';
import { createLogger } from '../logger.ts';
import { childSpan } from '../trace.ts';

export function deliver(consumer: Consumer, event: AnyEvent, context: Partial<HandlerContext> = {}): Promise<HandlerAnswer> {
  if (!consumer.records.has(event.event_type)) throw new Error(`${consumer.name} does not want ${event.event_type}`);
  return consumer.handle(event, {
    config: {},
    tools: undefined,
    logger: createLogger(consumer.name, 'error'),
    effectId: `test/${event.ticket_id}/${event.event_id}`,
    traceparent: childSpan(undefined),
    attempt: 1,
    mayBeRepeated: false,
    ownedSince: new Date('2026-01-01T00:00:00.000Z'),
    signal: new AbortController().signal,
    receivedAt: new Date('2026-01-01T00:00:00.000Z'),
    position: { topic: 'test', partition: 0, offset: 0 },
    ...context,
  });
}
