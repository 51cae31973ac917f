import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectDir } from '../../../infra/local/settings.ts';
import { defineFault } from '../harness/fault.ts';

export default defineFault({
  id: 'F26',
  title: 'a rebuild under load is killed (kill -9) in the middle; the same command goes on, compares and swaps',
  times: { small: 0, full: 8 },
  inject: async ({ stack, random, fail }, turn) => {
    const name = turn % 2 === 0 ? 'queue-analytics' : 'agent-analytics';
    const child = spawn(process.execPath, ['infra/start/run.mjs', 'infra/rebuild/rebuild.ts', name], { cwd: projectDir, env: stack.direct, stdio: 'ignore' });
    const ended = once(child, 'exit');
    await sleep(random.int(800, 2_500));
    child.kill('SIGKILL');
    await ended;
    const { code, output } = await stack.run('infra/rebuild/rebuild.ts', name);
    if (code !== 0) fail('I4', `rebuild of ${name} ended with ${code}: ${output.slice(-500)}`);
  },
});
