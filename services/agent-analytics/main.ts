import { runProjectionService } from '../runtime/projection/service.ts';
import { projection } from './projection.ts';

await runProjectionService(projection, process.env);
