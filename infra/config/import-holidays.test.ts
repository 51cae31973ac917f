// npm run config -- import-holidays: what it writes, what it says, and how it ends.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Calendar, Desk } from './desk.ts';

const projectDir = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'holidays-'));
const deskFile = join(folder, 'desk.json');

const run = (ics: string, ...options: string[]): Promise<{ code: number; output: string; said: string }> => new Promise((resolve) => {
  execFile(process.execPath, ['infra/start/run.mjs', 'infra/config/config.ts', 'import-holidays', ics, ...options], { cwd: projectDir }, (error, output, said) =>
    resolve({ code: error === null ? 0 : Number(error.code), output, said }));
});
const lastVersion = (): Calendar['versions'][number] | undefined => (JSON.parse(readFileSync(deskFile, 'utf8')) as Desk).calendars?.[0]?.versions.at(-1);

function icsOf(...lines: string[]): string {
  const file = join(folder, 'tested.ics');
  writeFileSync(file, ['BEGIN:VCALENDAR', ...lines, 'END:VCALENDAR'].join('\r\n'));
  return file;
}

beforeAll(() => copyFileSync(new URL('desk.example.json', import.meta.url), deskFile));
afterAll(() => rmSync(folder, { recursive: true }));

test("holidays are added to the calendar's last version, and what is left out is told by date and name", async () => {
  const { code, output } = await run('test/inputs/calendars/moved.ics', '--calendar', 'berlin-office', '--file', deskFile);
  expect(code).toBe(0);
  expect(output).toBe('8 new holidays and 0 new closures in version 2 of berlin-office; apply the file to use them\n  left out  2027-03-02  Founders day: cancelled\n');
  expect(lastVersion()?.holidays?.filter((date) => date.startsWith('2026') || date.startsWith('2027'))).toStrictEqual(['2026-03-04', '2026-12-25']);
});

test('24 December from 12:00 becomes a closure in the zone of the calendar, once', async () => {
  const file = icsOf('BEGIN:VEVENT', 'SUMMARY:Christmas Eve', 'DTSTART:20271224T110000Z', 'DTEND:20271224T230000Z', 'END:VEVENT');
  const first = await run(file, '--calendar', 'berlin-office', '--file', deskFile);
  expect([first.code, first.output.split('\n').slice(0, 2)]).toStrictEqual([0,
    ['0 new holidays and 1 new closures in version 2 of berlin-office; apply the file to use them', '  closed    2027-12-24 12:00 to 24:00  Christmas Eve']]);
  const again = await run(file, '--calendar', 'berlin-office', '--file', deskFile);
  expect(again.output).toMatch(/^0 new holidays and 0 new closures/);
  expect(lastVersion()?.closures).toStrictEqual([{ date: '2026-09-17', from: '10:00', to: '11:30' }, { date: '2026-12-24', from: '12:00' }, { date: '2027-12-24', from: '12:00', to: '24:00' }]);
});

test('without a desk file they are printed', async () => {
  const file = icsOf('BEGIN:VEVENT', 'DTSTART:20271224T110000Z', 'DURATION:PT1H', 'END:VEVENT', 'BEGIN:VEVENT', 'DTSTART:20271225', 'END:VEVENT');
  const { code, output } = await run(file, '--calendar', 'any', '--zone', 'Europe/Berlin');
  expect([code, JSON.parse(output)]).toStrictEqual([0, { calendar_id: 'any', holidays: ['2027-12-25'], closures: [{ date: '2027-12-24', from: '12:00', to: '13:00' }] }]);
});

test('a file that cannot be read changes nothing, and is told by name and line', async () => {
  const before = readFileSync(deskFile, 'utf8');
  const broken = await run(icsOf('BEGIN:VEVENT', 'SUMMARY:Easter', 'DTSTART;VALUE=DATE:20260431', 'END:VEVENT'), '--calendar', 'berlin-office', '--file', deskFile);
  expect(broken.code).toBe(2);
  expect(broken.said).toMatch(/tested\.ics can't be used; nothing has changed\n {2}line 4 {2}in the event "Easter" of line 2: DTSTART: "20260431" is no date or time\n$/);
  const missing = await run(join(folder, 'none.ics'), '--calendar', 'berlin-office', '--file', deskFile);
  expect([missing.code, /none\.ics: ENOENT/.test(missing.said)]).toStrictEqual([2, true]);
  expect((await run('README.md', '--calendar', 'berlin-office', '--file', deskFile)).code).toBe(2);
  expect(readFileSync(deskFile, 'utf8')).toBe(before);
});

test('a file in UTF-16 is read, and one that calls its events off makes no holidays', async () => {
  const text = ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'SUMMARY:Mariä Himmelfahrt', 'DTSTART;VALUE=DATE:20270815', 'END:VEVENT', 'END:VCALENDAR'].join('\r\n');
  const file = join(folder, 'utf-16.ics');
  const little = Buffer.from(`\uFEFF${text}`, 'utf16le');
  for (const bytes of [little, Buffer.from(little).swap16()]) {
    writeFileSync(file, bytes);
    expect(JSON.parse((await run(file, '--calendar', 'c')).output)).toStrictEqual({ calendar_id: 'c', holidays: ['2027-08-15'], closures: [] });
  }
  const off = await run(icsOf('METHOD:CANCEL', 'BEGIN:VEVENT', 'SUMMARY:Outing', 'DTSTART;VALUE=DATE:20270816', 'END:VEVENT'), '--calendar', 'c');
  expect([JSON.parse(off.output), /left out {2}2027-08-16 {2}Outing: cancelled/.test(off.said)]).toStrictEqual([{ calendar_id: 'c', holidays: [], closures: [] }, true]);
});
