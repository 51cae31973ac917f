import { runConsumerService } from '../runtime/consumer/service.ts';
import { consumer } from './consumer.ts';

await runConsumerService(consumer, process.env);
