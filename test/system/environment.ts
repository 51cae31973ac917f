// Tests, and the commands that they run, find their stack by the same variables as the services.
// The answer of the control door stays open: it is the file's lease of the stack, which ends with
// this process, however it ends.
import { inject } from 'vitest';

const url = inject('controlUrl');
const lease = await fetch(url);
if (!lease.ok || lease.body === null) throw new Error(`no stack to test on:\n${await lease.text()}`);
const { value } = await lease.body.pipeThrough(new TextDecoderStream()).getReader().read();
const { stack, variables } = JSON.parse(value ?? '') as { stack: number; variables: Record<string, string> };
Object.assign(process.env, variables, { CONTROL_URL: `${url}/${stack}` });
