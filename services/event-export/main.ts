import { runExportService } from './service.ts';

await runExportService(process.env);
