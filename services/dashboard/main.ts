// The dashboard as a process: settings, ClickHouse, pages, then the door.
import { randomBytes } from 'node:crypto';
import { connectClickHouse } from '../runtime/clickhouse.ts';
import { consumerSettings, list, masked, oneOf, readConfig, text, url, type Settings } from '../runtime/config.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { runService } from '../runtime/lifecycle.ts';
import { createLogger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics/process.ts';
import { readCatalogue } from './catalogue.ts';
import { Live } from './live.ts';
import { createDashboardMetrics } from './metrics.ts';
import { loadPages } from './pages.ts';
import { People } from './people.ts';
import { createDashboard } from './server.ts';
import { servicesIn, serviceStates } from './states.ts';

const settings = {
  CLICKHOUSE_URL: consumerSettings.CLICKHOUSE_URL,
  HEALTH_PORT: consumerSettings.HEALTH_PORT,
  LOG_LEVEL: consumerSettings.LOG_LEVEL,
  DASHBOARD_HOST: { parse: text, default: '127.0.0.1', doc: 'Address of the dashboard, on HEALTH_PORT; beyond loopback only with DASHBOARD_LOGIN=clickhouse and DASHBOARD_URL' },
  DASHBOARD_URL: { parse: url, default: '', doc: 'Where browsers reach the dashboard, when that is not its own address: https, with TLS ended in front of it, or http on loopback. With https the session cookie is Secure' },
  DASHBOARD_LOGIN: { parse: oneOf('off', 'clickhouse'), default: 'off', doc: 'clickhouse: everybody logs in as a user of ClickHouse and sees what that user may read; off: everybody on this machine is the user of CLICKHOUSE_URL' },
  DASHBOARD_NAMES_FOR: { parse: list, default: [], doc: 'Users who see agents by name and id after a login; all others see pseudonyms' },
  DASHBOARD_OPERATORS: { parse: list, default: [], doc: 'Users who after a login see the first lines of quarantined records, as they came, and what services do; without login everybody does' },
  DASHBOARD_SERVICES: { parse: list, default: [], doc: 'Services whose state the page Pipeline shows: name=url of each one’s health port, comma separated; npm start names its own' },
  DASHBOARD_SECRET: { parse: text, default: '', doc: 'Signs sessions and makes pseudonyms, 32 characters at least; by default another one each start', secret: true, fromFile: true },
} satisfies Settings;

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;
const SHORTEST_SECRET = 32;
/**
 * Expressions are not compiled: with filters and instants in them each is another one to compile, at its fourth run, which took up to
 * 150 ms of a question of 15–50. A user's own settings are left as they are.
 */
const UNCOMPILED = { compile_expressions: 0, compile_aggregate_expressions: 0, compile_sort_description: 0 } as const;
/** Of one answer. Who looks doesn't wait longer. */
const MOST_SECONDS = 30;
/** By then ClickHouse has answered, or the connection is dead. */
const ANSWERS_WITHIN_MS = (MOST_SECONDS + 5) * 1_000;

const config = readConfig(settings, process.env);
const logger = createLogger('dashboard', config.LOG_LEVEL);

function secretOf({ DASHBOARD_SECRET: secret }: typeof config): string {
  if (secret === '') return randomBytes(SHORTEST_SECRET).toString('hex');
  if (secret.length < SHORTEST_SECRET) throw new RuntimeError('CONFIG_INVALID', `DASHBOARD_SECRET needs ${SHORTEST_SECRET} characters at least`);
  return secret;
}

/** Passwords go over no wire in the clear. */
function publicUrlOf({ DASHBOARD_HOST: host, DASHBOARD_LOGIN: login, DASHBOARD_URL: given }: typeof config): URL | null {
  const publicUrl = given === '' ? null : new URL(given);
  if (LOOPBACK.test(host)) return publicUrl;
  if (login === 'off') throw new RuntimeError('CONFIG_INVALID', 'DASHBOARD_HOST is beyond loopback: set DASHBOARD_LOGIN=clickhouse');
  if (publicUrl?.protocol === 'https:' || LOOPBACK.test(publicUrl?.hostname ?? '')) return publicUrl;
  throw new RuntimeError('CONFIG_INVALID', 'DASHBOARD_HOST is beyond loopback: set DASHBOARD_URL to where browsers reach it, an https address whose TLS ends in front of it');
}

await runService(logger, async (parts) => {
  logger.info({ config: masked(settings, config) }, 'starting');
  const login = config.DASHBOARD_LOGIN === 'clickhouse';
  const publicUrl = publicUrlOf(config);
  const clickhouseUrl = new URL(config.CLICKHOUSE_URL);
  const limits = { max_execution_time: MOST_SECONDS };
  const own = connectClickHouse(config.CLICKHOUSE_URL, { ...limits, ...UNCOMPILED }, ANSWERS_WITHIN_MS);
  parts.push({ name: 'clickhouse', stop: () => own.close() });
  const connectAs = ({ user, password }: { user: string; password: string }) => connectClickHouse(Object.assign(new URL(clickhouseUrl), { username: encodeURIComponent(user), password: encodeURIComponent(password) }).href, limits, ANSWERS_WITHIN_MS);

  const metrics = createMetrics('dashboard');
  const live = new Live();
  const queries = createDashboardMetrics(metrics, () => live.pages);
  const catalogue = readCatalogue();
  const agentIds = catalogue.get('desk/agent-ids');
  if (agentIds === undefined) throw new Error('queries/desk/agent-ids.sql is missing');
  const people = new People({
    login, secret: secretOf(config), seeNames: config.DASHBOARD_NAMES_FOR, operators: config.DASHBOARD_OPERATORS, publicUrl, agentIds, now: Date.now,
    connect: (credentials) => (credentials === undefined ? own : connectAs(credentials)),
    onRun: (query, outcome, seconds) => queries.observe({ query, outcome }, seconds),
  });
  // Ready without ClickHouse, too: then it shows the last data with their age.
  const app = createDashboard({ catalogue, people, live, pages: await loadPages(), states: serviceStates(servicesIn(config.DASHBOARD_SERVICES)), metrics, logger, ready: () => Promise.resolve(null) });
  const address = await app.listen({ host: config.DASHBOARD_HOST, port: config.HEALTH_PORT });
  parts.push({ name: 'http', stop: async () => {
    live.stop();
    await app.close();
    people.close();
  } });
  logger.info({ address }, 'showing the dashboard');
});
