import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linePrinter, readableLine } from '../local/supervisor/service-log.ts';
import { findServices, servicePorts, servicesToStart } from './services.ts';

describe('ports of the services', () => {
  const known = ['ingress', 'queue-analytics', 'agent-analytics', 'event-archive', 'dashboard'];

  it('gives the ingress its own and the consumers the next ones from the base', () => {
    expect([...servicePorts([...known, 'billing'], 8080, 9101)]).toStrictEqual([
      ['ingress', 8080], ['queue-analytics', 9101], ['agent-analytics', 9102], ['event-archive', 9103], ['dashboard', 9104], ['billing', 9105],
    ]);
  });

  it('keeps a consumer’s port when another one is left out', () => {
    expect(servicePorts(['ingress', 'event-archive'], 8080, 9101).get('event-archive')).toBe(9103);
  });
});

describe('services to start', () => {
  it('are all folders with a main.ts, but one that waits for a variable only with it', () => {
    const dir = mkdtempSync(join(tmpdir(), 'services-'));
    try {
      for (const name of ['billing', 'ingress', 'pager', 'runtime']) {
        mkdirSync(join(dir, name));
        if (name !== 'runtime') writeFileSync(join(dir, name, 'main.ts'), '');
      }
      writeFileSync(join(dir, 'pager', 'start-when-set'), 'PAGER_URL\n');
      expect(findServices(dir)).toStrictEqual(['ingress', 'billing', 'pager']);
      expect(servicesToStart({}, dir)).toStrictEqual(['ingress', 'billing']);
      expect(servicesToStart({ PAGER_URL: '' }, dir)).toStrictEqual(['ingress', 'billing']);
      expect(servicesToStart({ PAGER_URL: 'http://127.0.0.1:1' }, dir)).toStrictEqual(['ingress', 'billing', 'pager']);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('log lines for people', () => {
  it('show warnings and errors with their details, and nothing else', () => {
    expect(readableLine('a', '{"level":"info","msg":"started"}')).toBeUndefined();
    expect(readableLine('a', '{"level":"warn","time":"2026-01-01","service":"a","topic":"t","offset":5,"msg":"record skipped"}')).toBe('[a] warn: record skipped topic=t offset=5');
  });

  it('show what is not JSON as it is', () => {
    expect(readableLine('a', 'FATAL ERROR: out of memory')).toBe('[a] FATAL ERROR: out of memory');
    expect(readableLine('a', '')).toBeUndefined();
  });

  it('do not flood the console', () => {
    const printed: string[] = [];
    let now = 0;
    const show = linePrinter('a', { print: (line) => printed.push(line), now: () => now, logFile: 'a.log' });
    for (let count = 0; count < 100; count += 1) show('{"level":"error","msg":"no broker"}');
    expect(printed.length).toBe(5);
    now = 20_000;
    show('{"level":"error","msg":"no broker"}');
    expect(printed.slice(5)).toStrictEqual(['[a] … and 95 more warnings, in a.log', '[a] error: no broker']);
  });
});
