import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install } from './cache.ts';
import { chromiumDownload } from './downloads.ts';
import { ensureInstalled } from './install.ts';
import { findJava, parseJavaVersion } from './java.ts';
import { descriptorProblem, dockerWay, nodeProblem } from './prerequisites.ts';
import { SetupError } from '../settings.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-install-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A PATH with only these commands on it, each a shell script. */
async function pathWith(commands: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(folder, 'bin-'));
  await symlink('/bin/sh', join(dir, 'sh'));
  for (const [name, script] of Object.entries(commands)) {
    await writeFile(join(dir, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(dir, name), 0o755);
  }
  return dir;
}

const java = (version: string): string => `echo 'openjdk version "${version}" 2025-04-15' >&2`;

describe('Java', () => {
  it('is known by its version in every spelling', () => {
    expect(parseJavaVersion('openjdk version "17.0.15" 2025-04-15')).toBe(17);
    expect(parseJavaVersion('openjdk version "25" 2025-09-16')).toBe(25);
    expect(parseJavaVersion('java version "1.8.0_402"')).toBe(8);
    expect(parseJavaVersion('openjdk version "26-ea" 2026-03-17')).toBe(26);
    expect(parseJavaVersion('The operation couldn’t be completed. Unable to locate a Java Runtime.')).toBeUndefined();
  });

  it('is used from PATH when it is new enough', async () => {
    expect(await findJava({ PATH: await pathWith({ java: java('21.0.2') }) })).toBe('java');
    expect(await findJava({ PATH: await pathWith({ java: java('17.0.15') }) })).toBeUndefined();
    expect(await findJava({ PATH: await pathWith({}) })).toBeUndefined();
  });

  it('is used from JAVA_HOME first, unless that one is too old', async () => {
    const home = await mkdtemp(join(folder, 'home-'));
    await mkdir(join(home, 'bin'));
    await writeFile(join(home, 'bin/java'), `#!/bin/sh\n${java('25.0.1')}\n`, { mode: 0o755 });
    const env = { JAVA_HOME: home, PATH: await pathWith({ java: java('21.0.2') }) };
    expect(await findJava(env)).toBe(join(home, 'bin/java'));
    await writeFile(join(home, 'bin/java'), `#!/bin/sh\n${java('11.0.1')}\n`);
    expect(await findJava(env)).toBe('java');
  });
});

describe('a missing prerequisite', () => {
  const problemsWith = async (commands: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    const cacheDir = await mkdtemp(join(folder, 'cache-'));
    const attempt = ensureInstalled({ cacheDir, env: { PATH: await pathWith(commands) } });
    const error: unknown = await attempt.then(() => undefined, (reason: unknown) => reason);
    expect.assert(error instanceof SetupError);
    expect(await readdir(cacheDir), 'nothing is fetched before all is there').toStrictEqual([]);
    return error.problems;
  };

  it('is told in a line of its own, with what to install, and the Docker way', async () => {
    const [javaLine, mavenLine, docker, ...others] = await problemsWith({});
    expect(javaLine ?? '').toMatch(/^Java 21 or later is needed, or Python 3 with venv.*install/);
    expect(mavenLine ?? '').toMatch(/^Maven \(mvn\) is needed.*install/);
    expect(docker).toBe(dockerWay);
    expect(others).toStrictEqual([]);
  });

  it('is only Maven where there is a Java', async () => {
    const problems = await problemsWith({ java: java('21.0.2') });
    expect(problems.length).toBe(2);
    expect(problems[0] ?? '').toMatch(/^Maven/);
  });

  it('is only Java where there is Maven and a Python without venv', async () => {
    const problems = await problemsWith({ mvn: 'true', python3: 'exit 1' });
    expect(problems.length).toBe(2);
    expect(problems[0] ?? '').toMatch(/^Java 21/);
  });

  it('can be a Node that is too old', () => {
    expect(nodeProblem('20.20.2')).toBeUndefined();
    expect(nodeProblem('18.19.0') ?? '').toMatch(/Node\.js 20 or later.*18\.19\.0/);
  });
});

describe('Chromium', () => {
  const depends = 'echo "chromium-headless-shell"; echo "  Depends: libnss3"; echo " |Depends: libasound2"; echo "  Depends: chromium-common"; echo "  Recommends: a-desktop"';

  /** Lists of packages are there, or have to be fetched first. */
  async function fetched(areListsThere: boolean): Promise<{ asked: string[]; unpacked: string[]; left: string[] }> {
    const [intoDir, log] = [await mkdtemp(join(folder, 'chromium-')), join(folder, `asked-${String(areListsThere)}`)];
    const lists = areListsThere ? '' : 'case "$*" in *update*) ;; *Dir::State::lists=*) ;; *) exit 100;; esac;';
    const apt = `echo "$*" >> ${log}; ${lists} case "$*" in *--simulate*) echo "Inst libnss3 (1)"; echo "Conf libnss3 (1)";; *download*) : > one.deb;; esac`;
    const PATH = await pathWith({ 'apt-cache': depends, 'apt-get': apt, dpkg: 'echo "$2" >> unpacked' });
    await chromiumDownload({ env: { PATH } }).build(intoDir);
    const asked = (await readFile(log, 'utf8')).trimEnd().split('\n').map((line) => line.replaceAll(/-o \S+ /g, ''));
    return { asked, unpacked: (await readFile(join(intoDir, 'unpacked'), 'utf8')).trimEnd().split('\n'), left: await readdir(intoDir) };
  }

  const simulated = 'install --simulate --no-install-recommends libnss3 libasound2 fonts-dejavu-core';
  const download = 'download chromium-headless-shell chromium-common libnss3';

  it('comes with the libraries that this machine lacks, and without the desktop that its data want', async () => {
    expect(await fetched(true)).toStrictEqual({ asked: [simulated, download], unpacked: ['one.deb'], left: ['unpacked'] });
  });

  it('comes from fresh lists where the system has none, or old ones', async () => {
    expect((await fetched(false)).asked).toStrictEqual([simulated, 'update', simulated, download]);
  });
});

describe('the cache', () => {
  it('builds a part once for two installers at the same time', async () => {
    const cacheDir = await mkdtemp(join(folder, 'cache-'));
    let builds = 0;
    const part = {
      folder: 'part-1',
      build: async (intoDir: string) => {
        builds += 1;
        await writeFile(join(intoDir, 'program'), 'bytes');
      },
    };
    await Promise.all([install(cacheDir, part), install(cacheDir, part)]);
    expect(builds).toBe(1);
    expect(await readdir(cacheDir)).toStrictEqual(['part-1']);
    expect(await readFile(join(cacheDir, 'part-1/program'), 'utf8')).toBe('bytes');
  });

  it('leaves nothing behind when a build fails, and can be asked again', async () => {
    const cacheDir = await mkdtemp(join(folder, 'cache-'));
    const failing = { folder: 'part-1', build: () => Promise.reject(new Error('no network')) };
    await expect(install(cacheDir, failing)).rejects.toThrow(/no network/);
    expect(await readdir(cacheDir)).toStrictEqual([]);
  });

  it('takes over the lock and the half-built folder of an installer that was killed', async () => {
    const deadPid = 4_194_305;
    for (const held of [String(deadPid), '', 'x']) {
      const cacheDir = await mkdtemp(join(folder, 'cache-'));
      await writeFile(join(cacheDir, '.part-1.lock'), held);
      await mkdir(join(cacheDir, `.part-1.${deadPid}`));
      await install(cacheDir, { folder: 'part-1', build: () => Promise.resolve() });
      expect(await readdir(cacheDir)).toStrictEqual(['part-1']);
    }
  });
});

describe('files that a process may have open', () => {
  it('are enough, or the number and the way to raise it are said', () => {
    expect(descriptorProblem(Infinity, 1_000_000)).toBeUndefined();
    expect(descriptorProblem(1_154, 130)).toBeUndefined();
    const problem = descriptorProblem(1_153, 130) ?? '';
    expect(problem).toMatch(/1153 files .* 1154 are needed \(130 of them/);
    expect(problem).toMatch(/ulimit -n 1154/);
  });
});
