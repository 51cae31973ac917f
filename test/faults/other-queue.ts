// queue-analytics as a process, as another group and into another database, so that it can die beside the real one.
import { projection } from '../../services/queue-analytics/projection.ts';
import { runProjectionService } from '../../services/runtime/projection/service.ts';

const [, , name = ''] = process.argv;
await runProjectionService({ ...projection, group: name, database: name }, process.env);
