// What bench projection starts: the consumer, landing and timeline of queue-analytics as shipped, without its facts.
import { runProjectionService } from '../../services/runtime/projection/service.ts';
import { projection } from '../../services/queue-analytics/projection.ts';

await runProjectionService({ name: 'landing-only', database: projection.database, facts: [], timeline: true }, process.env);
