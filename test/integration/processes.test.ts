// An ingress of two processes: on one port, with the limits and metrics of one, and with no event lost when one of them is
// killed or all are stopped.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endWithThisProcess } from '../system/data-folder.ts';
import { freePorts } from '../system/free-ports.ts';
import { closeClients, eventually, landed, newTicketId, ticket, type SignedEvent } from '../system/support.ts';

const PROCESSES = 2;
const [port = 0] = await freePorts(1);
const ingress = spawn(process.execPath, ['infra/start/run.mjs', 'services/ingress/main.ts'], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, INGRESS_PORT: String(port), INGRESS_PROCESSES: String(PROCESSES), INGRESS_DRAIN_MS: '300', LOG_LEVEL: 'info' },
});
const forget = endWithThisProcess(ingress.pid ?? 0);
let log = '';
ingress.stdout.on('data', (chunk: Buffer) => { log += chunk.toString(); });

afterAll(async () => {
  ingress.kill('SIGKILL');
  forget();
  await closeClients();
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** On a connection of its own, so that both processes get some. */
function ask(method: 'GET' | 'POST', path: string, body = '', agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = method === 'POST' ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {};
    request({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: said }), reject);
    }).on('error', reject).end(body);
  });
}

const send = async (event: SignedEvent, agent: Agent | false = false): Promise<string> => {
  const { status, body } = await ask('POST', '/webhooks', JSON.stringify(event), agent);
  return /"status":"(\w+)"/.exec(body)?.[1] ?? String(status);
};

const counted = (answers: readonly string[]): Record<string, number> => Object.fromEntries([...new Set(answers)].sort().map((answer) => [answer, answers.filter((one) => one === answer).length]));
const now = (): string => new Date().toISOString();
/** Pids of those that were started, as the log tells them. */
const started = (): number[] => [...log.matchAll(/"pid":(\d+),"msg":"a process of the ingress takes webhooks"/g)].map(([, pid]) => Number(pid));

beforeAll(() => eventually(async () => ((await ask('GET', '/health/ready')).status === 200 && started().length === PROCESSES ? true : null), 'two processes take webhooks'));

test('the same event at both in the same instant is kept by each at most once, and counts once', async () => {
  const id = newTicketId();
  const event = ticket(id).created(now());
  const answers = counted(await Promise.all(Array.from({ length: 12 }, () => send(event))));
  expect(answers['accepted']).toBeLessThanOrEqual(PROCESSES);
  expect((answers['accepted'] ?? 0) + (answers['duplicate'] ?? 0)).toBe(12);
  await landed(id, 1);
});

test('the limits of an integration are for both together', async () => {
  const answers = counted(await Promise.all(Array.from({ length: 20 }, () => send(ticket(newTicketId(), 'limited').created(now())))));
  expect(answers).toStrictEqual({ accepted: 5, 429: 15 });
});

test('whoever asks for metrics gets those of both', async () => {
  const accepted = async (): Promise<number> => Number(/^ticketstream_webhooks_total\{status="200",outcome="accepted",service="ingress"\} (\d+)/m.exec((await ask('GET', '/metrics')).body)?.[1] ?? NaN);
  const before = await accepted();
  await Promise.all(Array.from({ length: 10 }, () => send(ticket(newTicketId()).created(now()))));
  expect(await Promise.all([accepted(), accepted(), accepted()])).toStrictEqual([before + 10, before + 10, before + 10]);
  expect((await ask('GET', '/metrics')).body).toMatch(/^ticketstream_ready\{service="ingress"\} 1$/m);
});

/** Sends messages of a ticket until told to end, each again until it is accepted, as the CRM does. @returns how many, and the answers */
async function sending(id: string, until: Promise<unknown>): Promise<{ events: number; answers: readonly string[] }> {
  const answers: string[] = [];
  let isOver = false;
  void until.then(() => (isOver = true));
  const senders = Array.from({ length: 8 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let events = 0;
    for (; !isOver; events++) {
      const event = ticket(id).message(now(), 'customer');
      for (let isKept = false; !isKept;) {
        const answer = await send(event, agent).catch(() => 'cut off');
        isKept = answer === 'accepted' || answer === 'duplicate';
        answers.push(answer);
        if (!isKept) await sleep(20);
      }
    }
    agent.destroy();
    return events;
  });
  return { events: (await Promise.all(senders)).reduce((sum, events) => sum + events, 0), answers };
}

test('one that is killed is replaced, the other one goes on, and nothing is lost', async () => {
  const id = newTicketId();
  const [victim = 0] = started();
  const replaced = sleep(200).then(() => {
    process.kill(victim, 'SIGKILL');
    return eventually(() => Promise.resolve(started().length > PROCESSES ? true : null), 'another one takes its place');
  });
  const { events, answers } = await sending(id, replaced);
  await landed(id, events);
  expect(Object.keys(counted(answers)), 'those of the victim, and no more').toStrictEqual(['accepted', 'cut off']);
});

test('stopped, all answer what came, and end', async () => {
  const id = newTicketId();
  const ended = once(ingress, 'exit');
  const closing = eventually(() => ask('GET', '/health/ready').then(({ status }) => (status === 503 ? true : null)), 'it says that it stops');
  const sent = sending(id, closing);
  await sleep(200);
  ingress.kill('SIGTERM');
  const { events, answers } = await sent;
  expect(await ended).toStrictEqual([0, null]);
  expect(counted(answers)).toStrictEqual({ accepted: events });
  await landed(id, events);
});
