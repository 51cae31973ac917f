// Where the endpoint may listen, and what it needs there: one rule for the stack, which refuses to start, and for the process.

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
/** Loopback is among them, where the stack and its services ask. */
const EVERYWHERE = new Set(['0.0.0.0', '::']);
const SHORTEST_PASSWORD = 12;
/** `passwordpassword` has seven. */
const MIN_DIFFERENT = 8;

/** What speaks against listening there; nothing when all is well. */
export function listeningProblem(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const host = env['CLICKHOUSE_HOST'] || '127.0.0.1';
  if (LOOPBACK.has(host)) return undefined;
  if (!EVERYWHERE.has(host)) return `CLICKHOUSE_HOST=${host}: it can be 127.0.0.1 (this machine only) or 0.0.0.0 (everywhere; let a firewall say from where)`;
  const password = env['CLICKHOUSE_PASSWORD'] ?? '';
  if (password.length >= SHORTEST_PASSWORD && new Set(password).size >= MIN_DIFFERENT) return undefined;
  return `CLICKHOUSE_HOST=${host}: beyond this machine the local ClickHouse needs a CLICKHOUSE_PASSWORD of ${SHORTEST_PASSWORD} characters or more, ${MIN_DIFFERENT} of them different${password === '' ? '; there is none' : ''}`;
}

/** Said at each start. */
export function openness(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return (env['CLICKHOUSE_PASSWORD'] ?? '') === '' ? 'no password is set (CLICKHOUSE_PASSWORD): whoever is on this machine reads and writes everything' : undefined;
}
