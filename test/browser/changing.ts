// The journeys that change something of the stack: a ticket through the door, and an analyst of ClickHouse, made for this and
// removed with it. The stack is found as every command finds it (DATA_DIR).
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readSecrets } from '../../infra/demo/secrets.ts';
import { projectDir, runner, SetupError, type Environment } from '../../infra/local/settings.ts';
import { locate } from '../../infra/target/which-stack.ts';
import { loadPages } from '../../services/dashboard/pages.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { withLogin } from './dashboard-with-login.ts';
import { fileIsSql, type Journey } from './journeys.ts';
import { arrivesLive } from './live.ts';
import { isolation, type Analyst } from './tenant.ts';

interface Changing {
  readonly url: string;
  readonly ingressUrl: string;
  readonly filters: string;
}

const WITHIN_MS = 2_000;

type Asked = (name: string, filters: string) => Promise<readonly Record<string, unknown>[]>;

/** What another tenant has, and the one that is looked at does not. */
async function another(ask: Asked, own: string): Promise<Pick<Analyst, 'foreign' | 'ticket' | 'queue'>> {
  const tenants = (await ask('desk/tenants', '')).map((row) => String(row['integration_id']));
  const mine = new Set((await ask('ticket/search', `tenant=${own}&search=&limit=100000`)).map((row) => row['ticket_id']));
  for (const foreign of tenants.filter((tenant) => tenant !== own)) {
    const theirs = (await ask('ticket/search', `tenant=${foreign}&search=&limit=200`)).find((row) => !mine.has(row['ticket_id']) && row['queue_id'] !== '');
    if (theirs !== undefined) return { foreign, ticket: String(theirs['ticket_id']), queue: `queue of ${foreign}` };
  }
  throw new SetupError(['there is no second tenant with tickets: whose should an analyst not see?']);
}

/** @returns the password. */
async function access(env: Environment, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [runner, join(projectDir, 'infra/access/access.ts'), ...args], { env: { ...env } });
  return /password of \S+: (\S+)/.exec(stdout)?.[1] ?? '';
}

export async function changingJourneys({ url, ingressUrl, filters }: Changing): Promise<readonly Journey[]> {
  const env = await locate({ command: 'browser', parts: ['clickhouse'], files: ['INTEGRATIONS_FILE'], changes: true, ingressUrl });
  const [own, clickhouseUrl] = [new URLSearchParams(filters).get('tenant') ?? '', env['CLICKHOUSE_URL'] ?? ''];
  const secretOf = await readSecrets(env['INTEGRATIONS_FILE'] ?? '', 'production', [own]);
  const ask: Asked = async (name, more) => ((await (await fetch(`${url}/api/queries/${name}?${more}`)).json()) as { rows: Record<string, unknown>[] }).rows;
  return [
    { name: 'the desk arrives live', go: async (visit) => {
      const took = await arrivesLive(visit, { ingressUrl, integrationId: own, secret: secretOf(own) });
      console.log(`    on the page ${took.join(' and ')} ms after the door's 200`);
      if (took.some((ms) => ms > WITHIN_MS)) throw new Error(`later than ${WITHIN_MS / 1_000} s after the door's 200`);
    } },
    { name: 'a file is what its SQL gives', go: async (visit) => {
      const clickhouse = connectClickHouse(clickhouseUrl);
      try {
        await fileIsSql(visit, async (sql) => Buffer.concat(await (await clickhouse.bytes(sql, {})).toArray() as Buffer[]).toString());
      } finally {
        await clickhouse.close();
      }
    } },
    { name: 'an analyst sees one tenant only', go: async (visit) => {
      const name = `browser_${randomUUID().slice(0, 8)}`;
      const password = await access(env, 'add', name, '--integration', own);
      try {
        const theirs = await another(ask, own);
        await withLogin({ clickhouseUrl, seeNames: [name], pages: await loadPages() }, (withALogin) => isolation(visit, { url: withALogin, name, password, own, ...theirs }));
      } finally {
        await access(env, 'remove', name);
      }
    } },
  ];
}
