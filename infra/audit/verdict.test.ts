import { expect, test } from 'vitest';
import { verdictOf } from './verdict.ts';

test('a report without vulnerabilities is clean, and one with any names them', () => {
  expect(verdictOf('{"auditReportVersion":2,"vulnerabilities":{}}')).toStrictEqual({ kind: 'clean', lines: [] });
  const hole = { name: 'left', severity: 'high', range: '<1.2.3', fixAvailable: true };
  expect(verdictOf(JSON.stringify({ auditReportVersion: 2, vulnerabilities: { left: hole } }))).toStrictEqual({ kind: 'holes', lines: ['left <1.2.3: high, mended in another version'] });
});

test.each([
  ['{"message":"405 Method Not Allowed","statusCode":405,"body":""}', /answers 405/], ['{"error":{"code":"ENOTFOUND","summary":"request failed"}}', /request failed/], ['', /no report/], ['<html>', /no report/], ['{}', /no report/],
  ['{"auditReportVersion":2}', /no report/],
])('%s is no clean bill: nothing was checked', (output, why) => {
  const { kind, lines } = verdictOf(output);
  expect(kind).toBe('not checked');
  expect(lines.join()).toMatch(why);
});
