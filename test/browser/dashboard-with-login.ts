// The dashboard as a process has it, with a login, in this process: on a port of its own, before a ClickHouse that is there.
import { randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { readCatalogue } from '../../services/dashboard/catalogue.ts';
import { Live } from '../../services/dashboard/live.ts';
import type { Asset } from '../../services/dashboard/pages.ts';
import { People } from '../../services/dashboard/people.ts';
import { createDashboard } from '../../services/dashboard/server.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { createLogger } from '../../services/runtime/logger.ts';

export interface WithLogin {
  readonly clickhouseUrl: string;
  readonly operators?: readonly string[];
  readonly seeNames?: readonly string[];
  /** What browsers get; none for those who only ask. */
  readonly pages?: ReadonlyMap<string, Asset>;
}

/** While `work` runs; it gets the address. */
export async function withLogin({ clickhouseUrl, operators = [], seeNames = [], pages = new Map() }: WithLogin, work: (url: string) => Promise<void>): Promise<void> {
  const catalogue = readCatalogue();
  const agentIds = catalogue.get('desk/agent-ids');
  if (agentIds === undefined) throw new Error('queries/desk/agent-ids.sql is missing');
  const connect = ({ user, password }: { user: string; password: string } = { user: '', password: '' }) =>
    connectClickHouse(Object.assign(new URL(clickhouseUrl), { username: user, password }).href, { max_execution_time: 30 });
  const people = new People({ login: true, connect, seeNames, operators, publicUrl: null, secret: randomBytes(32).toString('hex'), agentIds, now: Date.now, onRun: () => undefined });
  const live = new Live();
  const app = createDashboard({ catalogue, people, live, pages, metrics: new Registry(), ready: () => Promise.resolve(null), states: () => Promise.resolve([]), logger: createLogger('dashboard', 'error') });
  try {
    await work(await app.listen({ host: '127.0.0.1', port: 0 }));
  } finally {
    live.stop();
    await app.close();
    people.close();
  }
}
