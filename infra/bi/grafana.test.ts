import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { grafanaSql, grafanaText } from './grafana.ts';

test('the committed dashboard is what the questions say', () => {
  expect(readFileSync(new URL('grafana.json', import.meta.url), 'utf8'), 'run npm run bi -- grafana and commit its file').toBe(grafanaText());
});

test('no parameter of ClickHouse is left in it: Grafana sends text', () => {
  expect(grafanaText()).not.toMatch(/\{\w+:[A-Z]/);
  expect(grafanaSql("-- 1. What?\n--   integration  String                acme                 tenant\n--   from         DateTime64(3, 'UTC')  2026-03-02 00:00:00  from\n--   limit        UInt32                5                    rows\nSELECT {integration:String}, {from:DateTime64(3, 'UTC')} LIMIT {limit:UInt32}"))
    .toBe("SELECT CAST(${tenant:singlequote}, 'String'), CAST($__fromTime, 'DateTime64(3, \\'UTC\\')') LIMIT CAST(5, 'UInt32')");
});
