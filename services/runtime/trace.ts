// W3C Trace Context: one header that lets an event be followed through processes, `version-traceid-parentid-flags`. Each step
// is a span of its own with the trace id of the one before. Senders may write anything there: what breaks the grammar
// counts as absent, so what is kept has one length and one alphabet.
import { randomHex } from './random.ts';

/** Later versions may append fields; ours has none. */
const GRAMMAR = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const LENGTH = 55;
/** Longer than any that a later version has made of it. */
const MAX_LENGTH = 512;
const SAMPLED = 1;

/** All zeros are no id. */
function newId(bytes: number): string {
  const id = randomHex(bytes);
  return /[1-9a-f]/.test(id) ? id : newId(bytes);
}

interface Parent {
  readonly traceId: string;
  readonly flags: string;
}

function parentOf(traceparent: unknown): Parent | null {
  if (typeof traceparent !== 'string' || traceparent.length > MAX_LENGTH) return null;
  const [, version, traceId, , flags, more] = GRAMMAR.exec(traceparent) ?? [];
  if (traceId === undefined || flags === undefined || (version === '00' && more !== undefined)) return null;
  // Of the flags, this version knows one.
  return { traceId, flags: Number.parseInt(flags, 16) & SAMPLED ? '01' : '00' };
}

/** A span within the trace that came in, or the first one of a new trace. */
export function childSpan(traceparent: unknown): string {
  const parent = parentOf(traceparent);
  return `00-${parent?.traceId ?? newId(16)}-${newId(8)}-${parent?.flags ?? '01'}`;
}

/** How logs name a span; nothing of what is none. */
export function traceFields(traceparent: unknown): { trace_id?: string; span_id?: string } {
  const parent = parentOf(traceparent);
  return parent === null || typeof traceparent !== 'string' ? {} : { trace_id: parent.traceId, span_id: traceparent.slice(LENGTH - 19, LENGTH - 3) };
}
