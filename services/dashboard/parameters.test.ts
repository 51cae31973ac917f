import { expect, test } from 'vitest';
import { readQuery } from './catalogue.ts';
import { BadParameter, valuesOf } from './parameters.ts';

const of = (parameters: string, address: string): Readonly<Record<string, unknown>> => valuesOf(readQuery('a/b', `-- t\nSELECT ${parameters}`), new URLSearchParams(address));
const RANGE = "{from:DateTime64(3, 'UTC')}, {to:DateTime64(3, 'UTC')}";

test('a range of local days begins and ends at midnight of the zone, its last day included, also when the clocks change', () => {
  expect(of(RANGE, 'from=2026-03-28&to=2026-03-29&zone=Europe/Berlin')).toStrictEqual({ from: '2026-03-27 23:00:00.000', to: '2026-03-29 22:00:00.000' });
  expect(of(RANGE, 'from=2026-03-28&to=2026-03-28')).toStrictEqual({ from: '2026-03-28 00:00:00.000', to: '2026-03-29 00:00:00.000' });
  expect(of(RANGE, 'from=2026-01-01&to=2026-01-01&zone=Asia/Kathmandu')).toStrictEqual({ from: '2025-12-31 18:15:00.000', to: '2026-01-01 18:15:00.000' });
});

test('lists take any number of values, the empty one, too, which is no queue', () => {
  expect(of('{queues:Array(String)}', 'queue=&queue=billing')).toStrictEqual({ queues: ['', 'billing'] });
  expect(of('{queues:Array(String)}', '')).toStrictEqual({ queues: [] });
});

test('an instant needs its offset, so that nobody takes one zone for another', () => {
  expect(of("{at:DateTime64(3, 'UTC')}", 'at=2026-03-12T09:00:00%2B01:00')).toStrictEqual({ at: '2026-03-12 08:00:00.000' });
  expect(() => of("{at:DateTime64(3, 'UTC')}", 'at=2026-03-12T09:00:00')).toThrow('at must be an instant with its offset');
});

test.each([
  ['{integration:String}', '', 'tenant is required'],
  ['{integration:String}', 'tenant=a&tenant=b', 'tenant may stand there once'],
  [RANGE, 'from=2026-02-30&to=2026-03-01', 'from must be a day'],
  [RANGE, 'from=-271821-04-20&to=2026-03-01', 'from must be a day'],
  ["{at:DateTime64(3, 'UTC')}", 'at=%2B010000-01-01T00:00:00Z', 'at is before 1900 or after 2299'],
  [RANGE, 'to=2026-03-01', 'from is required'],
  ['{zone:String}', 'zone=Mars/Olympus', 'zone must be an IANA zone'],
  ['{limit:UInt32}', 'limit=0', 'limit must be a number from 1'],
  ['{limit:UInt32}', 'limit=1e9', 'limit must be a number from 1'],
  ['{clock:String}', 'clock=wall', 'clock must be one of elapsed, business'],
  ['{queues:Array(String)}', `queue=${'x'.repeat(501)}`, 'queue takes'],
])('%s: of what can’t be meant it is said what it must be', (parameters, address, message) => {
  expect(() => of(parameters, address)).toThrow(BadParameter);
  expect(() => of(parameters, address)).toThrow(message);
});
