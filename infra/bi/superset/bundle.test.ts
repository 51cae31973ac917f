import { strFromU8, unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import type { Described } from '../views.ts';
import { charts, datasets, dsnOf, supersetBundle } from './bundle.ts';

const described: Described[] = Object.entries(datasets).flatMap(([name, { time }]) => {
  const [database = '', view = ''] = name.split('.');
  return [time, 'integration_id'].map((column) => ({ database, view, about: 'About.', column, type: column === time ? "DateTime64(3, 'UTC')" : 'String', says: 'Says.' }));
});
const read = (): Record<string, Record<string, unknown>> =>
  Object.fromEntries(Object.entries(unzipSync(supersetBundle(described, 'clickhousedb://mira@host:8123/queue'))).map(([name, bytes]) => [name, JSON.parse(strFromU8(bytes)) as Record<string, unknown>]));

test('all ids of the bundle are its own, the same each time, and what refers to one finds it', () => {
  const files = read();
  const ids = Object.values(files).map(({ uuid }) => uuid).filter((uuid) => typeof uuid === 'string');
  expect(new Set(ids).size).toBe(ids.length);
  for (const [name, { dataset_uuid: dataset, database_uuid: database }] of Object.entries(files)) expect(ids, name).toEqual(expect.arrayContaining([dataset ?? database].filter((id) => id !== undefined)));
  const placed = Object.values(files['ticketstream/dashboards/desk.yaml']?.['position'] as Record<string, { type?: string; meta?: { uuid: string } }>).filter(({ type }) => type === 'CHART');
  expect(placed.map(({ meta }) => meta?.uuid).sort()).toStrictEqual(Object.entries(files).filter(([name]) => name.includes('/charts/')).map(([, { uuid }]) => uuid).sort());
  expect(read()).toStrictEqual(files);
});

test('charts ask for metrics that their dataset has; a metric is called like no column that it reads', () => {
  for (const { title, of, metrics } of charts) expect(Object.keys(datasets[of]?.metrics ?? {}), title).toEqual(expect.arrayContaining([...metrics]));
  for (const { metrics } of Object.values(datasets)) for (const [name, expression] of Object.entries(metrics)) expect(expression).not.toMatch(new RegExp(`\\b${name}\\b`));
});

test('a bundle for others holds no password; the trial connects with it', () => {
  const url = 'https://mira:secret@clickhouse.example/';
  expect([dsnOf(url, false), dsnOf(url, true)]).toStrictEqual(['clickhousedb://mira@clickhouse.example:443/queue?secure=true', 'clickhousedb://mira:secret@clickhouse.example:443/queue?secure=true']);
});
