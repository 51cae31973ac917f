// Writes down each escalation that the CRM fired; service.ts tells of it. So a destination that is away holds up nothing here,
// and neither does ClickHouse.
import { ticketEvents } from '../../schemas/events.ts';
import { destinationSettings, watchDestinations } from '../destinations/file.ts';
import { commonSettings, consumerSettings, kafkaSettings } from '../runtime/config.ts';
import { defineConsumer } from '../runtime/consumer.ts';
import { fromEscalation, type Alert } from './alert.ts';
import { escalationsSection } from './section.ts';
import { EscalationService } from './service.ts';
import { kafkaConnection } from '../runtime/kafka/connection.ts';

const { ENVIRONMENT } = commonSettings;
const { CLICKHOUSE_URL } = consumerSettings;

export const consumer = defineConsumer(ticketEvents, {
  name: 'escalations',
  events: ['escalation.fired'],
  from: 'latest', // whoever switches it on wants to hear of escalations from then on
  settings: { ...destinationSettings, CLICKHOUSE_URL, ...kafkaSettings, ENVIRONMENT },
  async open(config, logger) {
    const { DESTINATIONS_FILE, CLICKHOUSE_URL: clickhouseUrl, ENVIRONMENT: environment } = config;
    const destinations = await watchDestinations(DESTINATIONS_FILE, escalationsSection, logger);
    const service = new EscalationService({ connection: kafkaConnection(config, 'escalations', logger), environment, clickhouseUrl, destinations });
    return {
      tools: { destinations, found: (alert: Alert) => service.found(alert) },
      idle: () => (destinations.all().size > 0 ? null : DESTINATIONS_FILE === '' ? 'DESTINATIONS_FILE is not set' : 'no integration has a section escalations in DESTINATIONS_FILE'),
      failure: () => service.failure(),
      register: (metrics) => service.register(metrics),
      warnings: () => service.warnings(),
      close: () => service.close(),
    };
  },
  async handle(event, { tools: { destinations, found }, receivedAt }) {
    if (destinations.find(event.source.integration_id) === undefined) return;
    await found(fromEscalation(event, Math.min(Date.now(), receivedAt.getTime())));
  },
});
