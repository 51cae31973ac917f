// How a log file is read: its encoding, what separates its cells, which rows are left out, and in
// which order an incident's rows happened.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readIncidentLog, type IncidentLog } from './incident-log.ts';
import { replayEvents } from './incidents.ts';
import { decodeLog } from './log-file.ts';

const bytesOf = (name: string): Buffer => readFileSync(new URL(`../../../test/inputs/incident-logs/${name}`, import.meta.url));
const header = 'number,incident_state,sys_mod_count,opened_at,sys_updated_at,assignment_group,u_symptom';
const row = (count: number | string, state: string, minute: number, group = 'Group 1', number = 'INC1'): string =>
  `${number},${state},${count},1/3/2016 10:00,1/3/2016 10:${String(minute).padStart(2, '0')},${group},slow`;
const read = (...rows: string[]): IncidentLog => readIncidentLog([header, ...rows].join('\n'));
const states = (log: IncidentLog): (string | null)[] => log.incidents.flatMap(({ rows }) => rows.map(({ state }) => state));

describe('the order of the rows', () => {
  const inOrder = [row(0, 'New', 0), row(1, 'Active', 5), row(2, 'Awaiting User Info', 5), row(3, 'Active', 5, 'Group 2'), row(4, 'Resolved', 20), row(10, 'Closed', 30)];

  test('the rows of a shuffled file are in order of sys_mod_count', () => {
    const log = readIncidentLog(decodeLog(bytesOf('shuffled.csv')));
    expect(states(log)).toStrictEqual(['New', 'Active', 'Awaiting User Info', 'Resolved', 'Resolved', 'Closed']);
    expect(log.incidents[0]?.rows.map(({ line }) => line)).toStrictEqual([5, 7, 3, 6, 2, 4]);
    expect([log.skipped, log.notes]).toStrictEqual([[], []]);
  });

  test('any order of the file gives the same events with the same ids, also where a row is there twice', () => {
    const expected = replayEvents(read(...inOrder).incidents);
    expect(expected.length).toBe(9);
    fc.assert(fc.property(fc.shuffledSubarray([...inOrder, row(1, 'Active', 5), row(4, 'Resolved', 20)], { minLength: 8 }), (rows) => {
      expect(replayEvents(read(...rows).incidents)).toStrictEqual(expected);
    }));
  });

  test('the first and the last row of the order say when it was opened and resolved', () => {
    const log = readIncidentLog(['number,incident_state,sys_mod_count,opened_at,sys_updated_at,assignment_group,resolved_at',
      'INC1,Resolved,1,?,1/3/2016 10:30,Group 1,1/3/2016 10:30', 'INC1,New,0,1/3/2016 10:00,1/3/2016 10:00,Group 1,?'].join('\n'));
    expect(log.incidents.map(({ openedAt, resolvedAt }) => [openedAt, resolvedAt])).toStrictEqual([[Date.UTC(2016, 2, 1, 10, 0), Date.UTC(2016, 2, 1, 10, 30)]]);
  });

  test('where a count occurs twice the order with the fewest changes holds, whatever the order of the file, and it is said', () => {
    const misnumbered = [row(2, 'New', 0), row(1, 'Active', 5), row(2, 'Active', 10), row(3, 'Resolved', 20)];
    const mistimed = [row(1, 'New', 40), row(1, 'New', 0), row(2, 'Resolved', 20), row(3, 'Closed', 50)];
    fc.assert(fc.property(fc.shuffledSubarray(misnumbered, { minLength: 4 }), fc.shuffledSubarray(mistimed, { minLength: 4 }), (one, other) => {
      expect(states(read(...one))).toStrictEqual(['New', 'Active', 'Active', 'Resolved']);
      expect(read(...other).incidents[0]?.rows.map(({ state, updatedAt }) => [state, new Date(updatedAt ?? 0).getUTCMinutes()])).toStrictEqual([['New', 40], ['New', 0], ['Resolved', 20], ['Closed', 50]]);
      expect(read(...one).notes).toStrictEqual(['INC1: sys_mod_count 2 occurs in different rows; in the order by count or time in which least changes or goes back']);
      expect(read(...other).notes).toStrictEqual(['INC1: sys_mod_count 1 occurs in different rows; in the order by count or time in which least changes or goes back']);
    }));
  });

  test("without counts the file's order holds, and it is said", () => {
    const log = read(row(1, 'New', 0), row('?', 'Resolved', 20), row(0, 'Active', 10));
    expect(states(log)).toStrictEqual(['New', 'Resolved', 'Active']);
    expect(log.notes).toStrictEqual(["INC1: no sys_mod_count in line 3; its rows keep the file's order"]);
    const without = readIncidentLog('number,incident_state,opened_at,sys_updated_at,assignment_group\nINC1,New,1/3/2016 10:00,1/3/2016 10:00,Group 1');
    expect(without.notes).toStrictEqual(["there is no column sys_mod_count: the rows of an incident keep the file's order"]);
  });
});

describe('the encoding', () => {
  const windows = bytesOf('windows-1252.csv');

  test('a file that is not UTF-8 is refused with the row, the line and the byte', () => {
    expect(() => decodeLog(windows)).toThrow(/^row 1 \(line 2, INC0900013\): byte 0xFC at offset 587 is not utf-8; name the file's own encoding, for example --encoding windows-1252$/);
    const later = Buffer.concat([Buffer.from(`\uFEFF${header}\n${row(0, 'New', 0)}\n${row(1, 'Jürgen € 💬', 5)}\nINC1,Act`), Buffer.from([0xe2, 0x82]), Buffer.from('ive\n')]);
    expect(() => decodeLog(later)).toThrow(/row 3 \(line 4, INC1\): byte 0xE2 at offset \d+ is not utf-8/);
  });

  test('with its encoding named it is read as it was written', () => {
    const log = readIncidentLog(decodeLog(windows, 'windows-1252'));
    expect(log.incidents[0]?.fields['u_symptom']).toBe('VPN down; über alles,\r\nsince "nine"');
    expect(log.incidents[0]?.rows.map(({ line }) => line)).toStrictEqual([2, 4, 6, 8, 10, 12]);
    const euro = Buffer.concat([Buffer.from(`${header}\n${row(0, 'New', 0)} `), Buffer.from([0x80, 0x93, 0xdf])]);
    expect(readIncidentLog(decodeLog(euro, 'cp1252')).incidents[0]?.fields['u_symptom']).toBe('slow €“ß');
    expect(states(readIncidentLog(decodeLog(Buffer.from(`\uFEFF${header}\n${row(0, 'Géschlossen', 0)}`, 'utf16le'), 'utf-16le')))).toStrictEqual(['Géschlossen']);
  });

  test('a byte that the named encoding does not know is refused, too, and so is an unknown encoding', () => {
    const unknown = Buffer.concat([Buffer.from(`${header}\n${row(0, 'New', 0)} `), Buffer.from([0x81])]);
    expect(() => decodeLog(unknown, 'windows-1252')).toThrow(/row 1 \(line 2, INC1\): byte 0x81 at offset \d+ is not windows-1252/);
    expect(() => decodeLog(windows, 'windows-1599')).toThrow(/there is no encoding "windows-1599"/);
    expect(() => decodeLog(Buffer.from(`\uFEFF${header}`, 'utf16le'))).toThrow(/byte 0xFF at offset 0 is not utf-8; .* --encoding utf-16$/);
  });

  test('any UTF-8 is read as it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(decodeLog(Buffer.from(`a${text}`))).toBe(`a${text}`);
    }));
  });
});

describe('the table', () => {
  test('commas, semicolons and tabs separate cells alike', () => {
    const text = [header, row(0, 'New', 0), row(1, 'Active', 5)].join('\r\n');
    const expected = readIncidentLog(text);
    for (const [delimiter, name] of [[';', 'semicolon'], ['\t', 'tab']] as const) {
      expect(readIncidentLog(`\uFEFF${text.replaceAll(',', delimiter)}\r\n`)).toStrictEqual({ ...expected, delimiter: name });
    }
    expect(expected.delimiter).toBe('comma');
  });

  test('cells that are all in quotes, as exports write them, are read with each delimiter', () => {
    const text = [header, row(0, 'New', 0), row(1, 'Active', 5)].join('\r\n');
    for (const delimiter of [',', ';', '\t']) {
      const quoted = text.split('\r\n').map((line) => line.split(',').map((cell) => `"${cell}"`).join(delimiter)).join('\r\n');
      expect(readIncidentLog(quoted).incidents, delimiter).toStrictEqual(readIncidentLog(text).incidents);
    }
  });

  test('lines may end in different ways in one file, as after sorting it', () => {
    const rows = [row(0, 'New', 0), row(1, 'Active', 5), row(2, 'Resolved', 7), row(3, 'Closed', 9)];
    const expected = read(...rows);
    for (const ends of [['\r\n', '\n', '\r\n', '\r\n', ''], ['\n', '\r\n', '\n', '\r', '\n'], ['\r\n', '\r\n', '\r\n', '\n', '\r\n'], ['\r', '\n', '\r\n\n', '\n\r\n', '\r']]) {
      const log = readIncidentLog([header, ...rows].map((line, index) => line + (ends[index] ?? '')).join(''));
      expect(log.skipped, JSON.stringify(ends)).toStrictEqual([]);
      expect(states(log), JSON.stringify(ends)).toStrictEqual(states(expected));
    }
  });

  test('what should be a time and is none is told with its line', () => {
    const log = read(row(0, 'New', 0), row(1, 'Active', 5).replaceAll('1/3/2016', '31-02-2016'));
    expect(log.notes.filter((note) => note.includes('no time')).length).toBeGreaterThan(0);
    expect(log.notes[0]).toMatch(/^line 3: \w+ "31-02-2016 10:\d\d" is no time, so it counts as unknown$/);
    expect(log.skipped).toStrictEqual([]);
  });

  test('what is skipped is told by the line on which it starts, whatever lies before it', () => {
    const log = read(row(0, 'New', 0), '', '', '"INC1","Act', 'ive",1,1/3/2016 10:00,1/3/2016 10:05,Group 1,slow', row(2, 'Closed', 9, 'Group 1', '?'),
      `${row(2, 'Closed', 9)},1`, 'INC1,Closed,3', 'INC2,New,0,?,soon,Group 1,slow', row(3, 'Closed', 9));
    expect(log.skipped).toStrictEqual([
      'line 7: no incident number', 'line 8: 8 cells where the header has 7', 'line 9: 3 cells where the header has 7', 'line 10: no row of INC2 has a readable time',
    ]);
    expect(log.incidents.map(({ rows }) => rows.map(({ line }) => line))).toStrictEqual([[2, 5, 11]]);
  });

  test('columns that are missing or doubled are named, and a quote that is never closed is told with its line', () => {
    expect(() => readIncidentLog('number;incident_state;opened_at;assignment_group\n')).toThrow(/^not an incident log: no column sys_updated_at$/);
    expect(() => readIncidentLog(`${header},opened_at\n`)).toThrow(/column opened_at is there twice/);
    expect(() => read(row(0, 'New', 0), 'INC1,"New')).toThrow(/Quote Not Closed.*line 3/);
    expect(() => readIncidentLog('')).toThrow(/no column number, incident_state, opened_at, sys_updated_at, assignment_group/);
  });
});
