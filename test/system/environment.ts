// Tests, and the commands that they run, find their stack by the same variables as the services.
// The answer of the control door stays open: it is the file's lease of the stack, which ends with
// this process, however it ends.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { inject } from 'vitest';

const url = inject('controlUrl');
// Not by fetch, which gives up after five minutes: on a busy machine the files that have the stacks may take longer.
const lease = await new Promise<IncomingMessage>((resolve, reject) => get(url, resolve).once('error', reject));
if (lease.statusCode !== 200) throw new Error(`no stack to test on:\n${await text(lease)}`);
const [found] = (await once(lease, 'data')) as [Buffer];
const { stack, variables } = JSON.parse(found.toString()) as { stack: number; variables: Record<string, string> };
Object.assign(process.env, variables, { CONTROL_URL: `${url}/${stack}` });
