// Tests, and the commands that they run, find their worker's stack by the same variables as the services.
import { inject } from 'vitest';

const door = `${inject('controlUrl')}/${process.env['VITEST_POOL_ID'] ?? '1'}`;
const response = await fetch(door, { signal: AbortSignal.timeout(600_000) });
if (!response.ok) throw new Error(`no stack to test on:\n${await response.text()}`);
Object.assign(process.env, await response.json(), { CONTROL_URL: door });
