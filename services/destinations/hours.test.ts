import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDestinations } from './file.ts';
import { hoursSchema, isWithin, problemsOfHours, type Hours } from './hours.ts';
import { defineSection } from './section.ts';

const at = (time: string): number => Date.parse(time);
const office: Hours = { time_zone: 'Europe/Berlin', days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', until: '18:00' };
const section = defineSection<Hours>({ name: 'trello', schema: hoursSchema, problems: (hours) => problemsOfHours(hours, '') });

async function read(hours: object): Promise<Hours | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'hours-'));
  try {
    await writeFile(join(folder, 'file.json'), JSON.stringify({ acme: { trello: hours } }));
    return (await readDestinations(join(folder, 'file.json'), section)).get('acme');
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('hours', () => {
  it('are wall time, in winter and in summer', () => {
    expect(isWithin(office, at('2026-03-02T07:00:00Z'))).toBe(true);
    expect(isWithin(office, at('2026-03-02T06:59:59Z'))).toBe(false);
    expect(isWithin(office, at('2026-07-06T06:00:00Z'))).toBe(true);
    expect(isWithin(office, at('2026-03-02T17:00:00Z'))).toBe(false);
    expect(isWithin(office, at('2026-03-01T12:00:00Z')), 'a Sunday').toBe(false);
  });

  it('may run over midnight, and belong to the day on which they begin', () => {
    const night: Hours = { ...office, time_zone: 'UTC', days: ['fri'], from: '22:00', until: '06:00' };
    expect(isWithin(night, at('2026-03-06T23:00:00Z'))).toBe(true);
    expect(isWithin(night, at('2026-03-07T05:59:00Z'))).toBe(true);
    expect(isWithin(night, at('2026-03-07T06:00:00Z'))).toBe(false);
    expect(isWithin(night, at('2026-03-06T05:00:00Z')), 'Thursday’s night').toBe(false);
    const sunday: Hours = { ...night, days: ['sun'] };
    expect(isWithin(sunday, at('2026-03-09T05:00:00Z')), 'from Sunday to Monday').toBe(true);
  });

  it('are the whole day when only days are said, and every day when only times are', async () => {
    const whole = await read({ time_zone: 'UTC', days: ['mon'] });
    if (whole === undefined) throw new Error('nothing read');
    expect([at('2026-03-02T00:00:00Z'), at('2026-03-02T23:59:59Z'), at('2026-03-03T00:00:00Z')].map((time) => isWithin(whole, time))).toStrictEqual([true, true, false]);
    expect(await read({ time_zone: 'UTC', from: '09:00', until: '10:00' })).toMatchObject({ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] });
  });

  it('may be all others', () => {
    const closed: Hours = { ...office, outside: true };
    for (const time of ['2026-03-01T12:00:00Z', '2026-03-02T12:00:00Z', '2026-03-02T17:00:00Z']) expect(isWithin(closed, at(time)), time).toBe(!isWithin(office, at(time)));
  });

  it('are told what is wrong with them, each with its place', async () => {
    await expect(read({ time_zone: 'Europe/Nowhere' })).rejects.toThrow(/\/acme\/trello\/time_zone: Europe\/Nowhere is no time zone/);
    for (const wrong of [{ days: ['Mon'] }, { days: [1] }, { days: [] }, { from: '24:00' }, { until: '25:00' }, { from: '8:00' }, { to: '18:00' }]) {
      await expect(read({ time_zone: 'UTC', ...wrong }), JSON.stringify(wrong)).rejects.toThrow(`/acme/trello/${Object.keys(wrong)[0]}`);
    }
  });
});
