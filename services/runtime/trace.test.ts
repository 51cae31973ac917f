import { expect, test } from 'vitest';
import { childSpan, traceFields } from './trace.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = `00-${traceId}-00f067aa0ba902b7-01`;
const WELL_FORMED = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/;

test('a span has its parent\'s trace and an id of its own', () => {
  const [one, other] = [childSpan(parent), childSpan(parent)];
  expect(one).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  expect(new Set([parent, one, other]).size).toBe(3);
  expect(traceFields(one)).toStrictEqual({ trace_id: traceId, span_id: one.slice(36, 52) });
  expect(traceFields(parent)).toStrictEqual({ trace_id: traceId, span_id: '00f067aa0ba902b7' });
});

test('the sender\'s decision to sample is kept; flags that this version does not know are not', () => {
  expect(childSpan(`00-${traceId}-00f067aa0ba902b7-00`)).toMatch(/-00$/);
  expect(childSpan(`00-${traceId}-00f067aa0ba902b7-ff`)).toMatch(/-01$/);
  expect(childSpan(`00-${traceId}-00f067aa0ba902b7-fe`)).toMatch(/-00$/);
});

test('a later version is read as far as it is known', () => {
  for (const later of [`01-${traceId}-00f067aa0ba902b7-01`, `cc-${traceId}-00f067aa0ba902b7-01-what-may-come`]) expect(childSpan(later)).toContain(`00-${traceId}-`);
});

test('what breaks the grammar begins a new trace, and names nothing in a log', () => {
  const malformed: unknown[] = [
    undefined, '', 'x', 7, [parent], null, parent.toUpperCase(), ` ${parent}`, `${parent} `, `${parent}\n`, `${parent}, ${parent}`, `${parent}-`, `${parent}-00`, parent.slice(0, -1),
    `ff-${traceId}-00f067aa0ba902b7-01`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `00-${traceId}-${'0'.repeat(16)}-01`, `00-${traceId.slice(1)}-00f067aa0ba902b7-01`,
    `00_${traceId}_00f067aa0ba902b7_01`, `cc-${traceId}-00f067aa0ba902b7-01.x`, `cc-${traceId}-00f067aa0ba902b7-01-${'x'.repeat(500)}`, '00-\u0660bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  ];
  for (const value of malformed) {
    const begun = childSpan(value);
    expect(begun, String(value)).toMatch(WELL_FORMED);
    expect(begun, String(value)).not.toContain(traceId);
    expect(traceFields(value), String(value)).toStrictEqual({});
  }
});

test('no two are alike', () => {
  const spans = Array.from({ length: 20_000 }, () => childSpan(undefined));
  expect(new Set(spans.map((span) => span.slice(3, 35))).size).toBe(spans.length);
  expect(new Set(spans.map((span) => span.slice(36, 52))).size).toBe(spans.length);
  for (const span of spans) expect(span).toMatch(WELL_FORMED);
});
