// npm run new:consumer -- NAME: a consumer that runs at once, to be changed from there. Services
// are found by folder, so there is nothing else to edit.
import { endWithMessage } from '../local/supervisor/signals.ts';
import { nameFrom, writeService } from './service-folder.ts';

const consumer = (name: string): string => `import { ticketEvents } from '../../schemas/events.ts';
import { defineConsumer } from '../runtime/consumer.ts';

export const consumer = defineConsumer(ticketEvents, {
  name: '${name}',
  events: ['ticket.created', 'status.changed'], // without this line: all
  async handle(event, { logger }) {
    if (event.event_type === 'ticket.created') logger.info({ channel: event.channel.type }, 'a ticket was opened');
    else logger.info({ status: event.new_status }, 'a ticket changed its status');
    await Promise.resolve(); // your effect, e.g. await fetch(…); done means durable
  },
});
`;

const main = `import { runConsumerService } from '../runtime/consumer/service.ts';
import { consumer } from './consumer.ts';

await runConsumerService(consumer, process.env);
`;

const unitTest = (name: string): string => `import { expect, test } from 'vitest';
import { sampleEvent } from '../../schemas/events.ts';
import { deliver } from '../runtime/consumer/testing.ts';
import { consumer } from './consumer.ts';

test('${name} takes an event of each type that it wants', async () => {
  expect(await deliver(consumer, sampleEvent('ticket.created', { channel: { type: 'bot_form' } }))).toBeUndefined();
  expect(await deliver(consumer, sampleEvent('status.changed', { new_status: 'solved' }))).toBeUndefined();
});
`;

try {
  const name = nameFrom(process.argv.slice(2), 'new:consumer');
  writeService(name, { 'consumer.ts': consumer(name), 'main.ts': main, 'consumer.test.ts': unitTest(name) });
  console.log(`
npm start runs it with everything else; npm run service -- ${name} runs it alone.
npm run service -- ${name} --group ${name}-again --from beginning --once   handles the whole log again, beside it.`);
} catch (error) {
  endWithMessage(error);
}
