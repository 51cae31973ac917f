// Sends what was made up, and judges the door by it: every answer is HTTP and none is a 5xx, every connection ends, the process is the
// same one afterwards and still takes an event, and its log has nothing in it that a sender keeps to themselves.
import { createHmac, randomUUID } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import pLimit from 'p-limit';
import { malformedMessage } from './messages.ts';
import { choicesFrom } from './random.ts';
import { fuzzedRequest, toBytes, type Sender } from './requests.ts';

export interface FuzzTarget {
  readonly port: number;
  /** Where /metrics is. */
  readonly metricsUrl: string;
  readonly logFile: string;
  readonly integrationId: string;
  readonly secret: string;
}

export interface FuzzPlan {
  readonly requests: number;
  readonly messages: number;
  readonly seed: number;
  readonly onProgress?: (sent: number) => void;
}

export interface FuzzReport {
  /** Answers by status; of a connection, all that came. */
  readonly answers: Readonly<Record<string, number>>;
  /** What must not be; empty when the door held. */
  readonly problems: readonly string[];
}

const AT_ONCE = 32;
/** The door gives a request 10 s. */
const STUCK_MS = 30_000;
const MOST_PROBLEMS = 20;

/** All that comes back for these bytes until the door closes; null when it doesn't. The own side is shut after them. */
function exchange(port: number, bytes: Buffer): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const timer = setTimeout(() => {
      resolve(null);
      socket.destroy();
    }, STUCK_MS);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.destroy());
    // What it was sent may not have been read to its end.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
    socket.end(bytes);
  });
}

/** The statuses that came. A body is JSON on one line, so none of it looks like a status line. */
const statusesIn = (answer: string): string[] => [...answer.matchAll(/(?:^|[}\n])HTTP\/1\.1 (\d{3}) /g)].map(([, status = '']) => status);

export async function fuzz(target: FuzzTarget, { requests, messages, seed, onProgress = () => undefined }: FuzzPlan): Promise<FuzzReport> {
  const choices = choicesFrom(seed);
  const sender: Sender = { integrationId: target.integrationId, secret: target.secret, mark: `said-in-private-${seed}-` };
  const answers: Record<string, number> = {};
  const problems: string[] = [];
  const [logFrom, process] = [(await stat(target.logFile)).size, await startTimeOf(target)];
  const limit = pLimit(AT_ONCE);
  let sent = 0;
  const send = (what: string, bytes: Buffer): Promise<void> => limit(async () => {
    const answer = await exchange(target.port, bytes);
    onProgress(++sent);
    const statuses = answer === null ? [] : statusesIn(answer);
    for (const status of statuses) answers[status] = (answers[status] ?? 0) + 1;
    const wrong = answer === null ? `no end within ${STUCK_MS / 1_000} s` : statuses.find((status) => status.startsWith('5'));
    if (wrong !== undefined) problems.push(`${what}: ${wrong}: ${JSON.stringify(bytes.subarray(0, 300).toString('latin1'))} (${bytes.length} bytes) → ${JSON.stringify((answer ?? '').slice(0, 300))}`);
  });
  // In portions, so that not all of it is in memory.
  for (let at = 0; at < requests + messages && problems.length < MOST_PROBLEMS; at += 1_000) {
    const portion = Array.from({ length: Math.min(1_000, requests + messages - at) }, (_, index) => at + index);
    await Promise.all(portion.map((number) => (number < requests ? send(`request ${number}`, toBytes(fuzzedRequest(choices, sender))) : send(`message ${number - requests}`, malformedMessage(choices, sender)))));
  }
  return { answers, problems: [...problems, ...await after(target, { sender, logFrom, process })] };
}

interface Before {
  readonly sender: Sender;
  readonly logFrom: number;
  readonly process: string;
}

async function after(target: FuzzTarget, { sender, logFrom, process }: Before): Promise<string[]> {
  const problems: string[] = [];
  if (await startTimeOf(target) !== process) problems.push('the process is another one: it crashed');
  const [id, type, at] = [randomUUID(), 'ticket.created', new Date().toISOString()];
  const event = {
    event_id: id, event_type: type, timestamp: at, signature: createHmac('sha256', target.secret).update(id + type + at).digest('hex'), version: '1.2',
    source: { platform: 'fuzz', integration_id: target.integrationId }, payload: { ticket_id: `TKT-${id.slice(0, 8)}`, created_at: at, customer: { telegram_user_id: 1, first_name: 'x' }, channel: { type: 'direct_message', chat_id: 1 } },
  };
  const answer = await exchange(target.port, toBytes({ method: 'POST', path: '/webhooks', headers: [['content-type', 'application/json']], body: Buffer.from(JSON.stringify(event)) }));
  if (answer?.includes('"accepted"') !== true) problems.push(`afterwards an event is not accepted: ${answer ?? 'no answer'}`);
  const log = await readFrom(target.logFile, logFrom);
  for (const [what, text] of [['the secret', sender.secret], ['a text of a message', sender.mark]] as const) if (log.includes(text)) problems.push(`the log has ${what} in it: ${log.split('\n').find((line) => line.includes(text)) ?? ''}`);
  for (const line of log.split('\n').filter((entry) => /"level":"(fatal|error)"/.test(entry)).slice(0, 5)) problems.push(`the log has an error: ${line}`);
  return problems;
}

async function startTimeOf({ metricsUrl }: FuzzTarget): Promise<string> {
  const page = await (await fetch(metricsUrl)).text();
  return /^process_start_time_seconds\S* (\S+)/m.exec(page)?.[1] ?? '';
}

async function readFrom(file: string, offset: number): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const { buffer } = await handle.read(Buffer.alloc(Math.max(0, size - offset)), 0, Math.max(0, size - offset), offset);
    return buffer.toString('utf8');
  } finally {
    await handle.close();
  }
}
