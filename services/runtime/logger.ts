// Structured logs on stdout. Bodies, secrets and message texts are never handed to the
// logger; the redaction list is the second line of defence, not the first.
import { pino, type Logger } from 'pino';

export type { Logger };

export const createLogger = (service: string, level: string): Logger =>
  pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['*.signature', '*.secrets', '*.secret', '*.password', '*.text', '*.payload'], censor: '[hidden]' },
  });
