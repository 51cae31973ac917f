import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from './identity.ts';
import { projectDir, SetupError } from '../settings.ts';
import { StartFailure, type ProcessSpec } from './supervised.ts';
import { isStateDamaged, logFile, runningState, Supervisor } from './supervisor.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-supervisor-'));
});
afterAll(() => rm(folder, { recursive: true }));

const newDataDir = (): Promise<string> => mkdtemp(join(folder, 'data-'));

/** A child that runs a script of Node; ready at once unless told otherwise. */
function child(dataDir: string, name: string, script = 'setInterval(() => {}, 1000)'): ProcessSpec {
  return {
    name, title: name, command: process.execPath, args: ['-e', script], env: process.env, cwd: dataDir,
    logFile: logFile(dataDir, name), isReady: () => Promise.resolve(true),
    readyWithinMs: 10_000, stopWithinMs: 5_000, stopOrder: 1,
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (condition()) return;
    await sleep(50);
  }
  expect.fail('it does not happen');
}

describe('supervisor', () => {
  it('gives a data folder to one supervisor at a time', async () => {
    const dataDir = await newDataDir();
    const first = await Supervisor.open({ dataDir });
    await expect(Supervisor.open({ dataDir })).rejects.toSatisfy((error) => error instanceof SetupError && error.message.includes(`pid ${process.pid}`));
    await first.stop();
    await (await Supervisor.open({ dataDir })).stop();
  });

  it('opens a data folder whose notes are empty or cut, and says so', async () => {
    for (const text of ['', '{"supervisor":{"pid":', '[]', 'null']) {
      const dataDir = await newDataDir();
      await writeFile(join(dataDir, 'supervisor.json'), text);
      await writeFile(join(dataDir, 'supervisor.lock'), text);
      expect(await isStateDamaged(dataDir)).toBe(true);
      expect(await runningState(dataDir)).toBeUndefined();
      const supervisor = await Supervisor.open({ dataDir });
      await until(() => existsSync(join(dataDir, 'supervisor.json')));
      expect((await runningState(dataDir))?.supervisor.pid).toBe(process.pid);
      await supervisor.stop();
      expect(await isStateDamaged(dataDir)).toBe(false);
    }
  });

  it('is still known by its lock when its note is cut while it runs', async () => {
    const dataDir = await newDataDir();
    const supervisor = await Supervisor.open({ dataDir });
    await until(() => existsSync(join(dataDir, 'supervisor.json')));
    await writeFile(join(dataDir, 'supervisor.json'), '');
    expect((await runningState(dataDir))?.supervisor.pid).toBe(process.pid);
    await expect(Supervisor.open({ dataDir })).rejects.toBeInstanceOf(SetupError);
    await supervisor.stop();
  });

  it('notes for commands how its stack is reached, for its owner’s eyes only', async () => {
    const dataDir = await newDataDir();
    const supervisor = await Supervisor.open({ dataDir });
    supervisor.isReachedBy({ CLICKHOUSE_URL: 'http://default:secret@127.0.0.1:1' });
    for (let tries = 0; tries < 100 && (await runningState(dataDir))?.connection === undefined; tries += 1) await sleep(20);
    expect((await runningState(dataDir))?.connection).toStrictEqual({ CLICKHOUSE_URL: 'http://default:secret@127.0.0.1:1' });
    expect((await stat(join(dataDir, 'supervisor.json'))).mode & 0o077).toBe(0);
    await supervisor.stop();
  });

  it('starts a crashed process again', async () => {
    const dataDir = await newDataDir();
    const supervisor = await Supervisor.open({ dataDir });
    await supervisor.start(child(dataDir, 'a'));
    const firstPid = supervisor.pids()['a'];
    supervisor.get('a').kill('SIGKILL');
    await until(() => ![undefined, firstPid].includes(supervisor.pids()['a']));
    await supervisor.stop();
    expect(supervisor.pids()).toStrictEqual({});
  });

  it('leaves a crashed process alone when told so, until it is started', async () => {
    const dataDir = await newDataDir();
    const supervisor = await Supervisor.open({ dataDir, autoRestart: false });
    await supervisor.start(child(dataDir, 'a'));
    supervisor.get('a').kill('SIGKILL');
    await until(() => supervisor.get('a').state === 'stopped');
    expect(supervisor.pids()).toStrictEqual({});
    await supervisor.get('a').start();
    expect(Object.keys(supervisor.pids()).length).toBe(1);
    await supervisor.stop();
  });

  it('ends a process that ignores SIGTERM, or is stopped, by force', async () => {
    const dataDir = await newDataDir();
    const supervisor = await Supervisor.open({ dataDir });
    const deaf = 'process.on("SIGTERM", () => {}); console.log("deaf"); setInterval(() => {}, 1000)';
    let heard = false;
    await supervisor.start({ ...child(dataDir, 'a', deaf), stopWithinMs: 200, onLine: () => (heard = true), isReady: () => Promise.resolve(heard) });
    await supervisor.start(child(dataDir, 'b'));
    supervisor.get('b').kill('SIGSTOP');
    const pids = Object.values(supervisor.pids());
    await supervisor.stop();
    expect(pids.map(isAlive)).toStrictEqual([false, false]);
    expect(await readFile(logFile(dataDir, 'a'), 'utf8')).toBe('deaf\n');
  });

  it('stops in order', async () => {
    const dataDir = await newDataDir();
    const supervisor = await Supervisor.open({ dataDir });
    const ended = join(dataDir, 'ended');
    const noting = (name: string): string =>
      `process.on("SIGTERM", () => { require("fs").appendFileSync(${JSON.stringify(ended)}, "${name} "); process.exit(0) }); console.log("up"); setInterval(() => {}, 1000)`;
    for (const [name, stopOrder] of [['stack', 100], ['ingress', 1], ['consumer', 2]] as const) {
      let up = false;
      await supervisor.start({ ...child(dataDir, name, noting(name)), stopOrder, onLine: () => (up = true), isReady: () => Promise.resolve(up) });
    }
    await supervisor.stop();
    expect(await readFile(ended, 'utf8')).toBe('ingress consumer stack ');
  });

  it('shows the end of the log of a process that does not start', async () => {
    const dataDir = await newDataDir();
    const supervisor = await Supervisor.open({ dataDir });
    const spec = { ...child(dataDir, 'a', 'console.error("no such disk"); process.exit(3)'), isReady: () => Promise.resolve(false) };
    await expect(supervisor.start(spec)).rejects.toSatisfy((error) =>
      error instanceof StartFailure && /exit code 3/.test(error.message) && error.message.includes('no such disk'));
    await supervisor.stop();
  });

  it('leaves nothing behind when it is killed itself', async () => {
    const dataDir = await newDataDir();
    const script = join(folder, 'supervise.mts');
    await writeFile(script, `
      import { Supervisor } from ${JSON.stringify(join(projectDir, 'infra/local/supervisor/supervisor.ts'))};
      const supervisor = await Supervisor.open({ dataDir: ${JSON.stringify(dataDir)} });
      await supervisor.start({ ...${JSON.stringify({ ...child(dataDir, 'a'), env: {} })}, isReady: () => Promise.resolve(true) });
      console.log(supervisor.pids().a);
      setInterval(() => {}, 1000);`);
    const supervisor = spawn(process.execPath, ['--import', 'tsx', script], { cwd: projectDir, stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed] = (await once(supervisor.stdout, 'data')) as [Buffer];
    const pid = Number(printed.toString());
    expect(isAlive(pid)).toBe(true);
    supervisor.kill('SIGKILL');
    await until(() => !isAlive(pid));
    // And the folder can be had again at once.
    await (await Supervisor.open({ dataDir })).stop();
  });
});
