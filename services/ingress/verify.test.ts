import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Integration } from '../runtime/integrations-file.ts';
import type { Integrations } from './integrations.ts';
import type { Webhook } from './outcome.ts';
import { verifyWebhook } from './verify.ts';

const acme: Integration = { integration_id: 'acme', environment: 'production', secrets: ['new', 'old'] };
const strict: Integration = { integration_id: 'strict', environment: 'production', secrets: ['whsec_c2VjcmV0'], require_body_signature: true };
const integrations: Integrations = { find: (id) => [acme, strict].filter((entry) => entry.integration_id === id), environments: () => [], close: () => undefined };
const body = Buffer.from('{"the":"raw body"}');

function webhook(integrationId: string, secret: string, change: (signature: string) => string = (signature) => signature): Webhook {
  const signature = createHmac('sha256', secret).update('e1' + 'ticket.created' + '2026-01-01T00:00:00Z').digest('hex');
  const envelope = { event_id: 'e1', event_type: 'ticket.created', timestamp: '2026-01-01T00:00:00Z', source: { integration_id: integrationId }, signature: change(signature) };
  return { body, json: {}, rounded: {}, tooDeep: false, envelope, receivedAt: new Date(1_700_000_000_000) };
}

function bodyHeaders(timestamp: number, key = 'secret', signed = body): Record<string, string> {
  const signature = createHmac('sha256', key).update(`msg_1.${timestamp}.`).update(signed).digest('base64');
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,AAAA v1,${signature}` };
}

const passes = (sent: Webhook, headers: Record<string, string> = {}, path?: string): boolean => !('kind' in verifyWebhook(sent, headers, integrations, path));

test('any secret of the integration verifies, so that a rotation rejects nothing', () => {
  expect(passes(webhook('acme', 'new'))).toBe(true);
  expect(passes(webhook('acme', 'old'))).toBe(true);
});

test('unknown integration, another tenant’s secret and a bad signature get one and the same answer', () => {
  const answers = [webhook('nobody', 'new'), webhook('strict', 'new'), webhook('acme', 'wrong'), webhook('acme', 'new', () => 'zz'), webhook('acme', 'new', (s) => s.slice(1)), webhook('nobody', 'no secret of anybody')]
    .map((sent) => verifyWebhook(sent, {}, integrations, undefined));
  for (const answer of answers) expect(answer).toStrictEqual(answers[0]);
  expect((answers[0] as { status: number }).status).toBe(401);
});

test('the integration in the URL must be the one that signed', () => {
  expect(passes(webhook('acme', 'new'), {}, 'acme')).toBe(true);
  expect(passes(webhook('acme', 'new'), {}, 'strict')).toBe(false);
});

test('a required body signature covers the raw body and a fresh delivery time', () => {
  const now = 1_700_000_000;
  const sent = webhook('strict', 'whsec_c2VjcmV0');
  expect(passes(sent)).toBe(false);
  expect(passes(sent, bodyHeaders(now))).toBe(true);
  expect(passes(sent, bodyHeaders(now - 300))).toBe(true);
  expect(passes(sent, bodyHeaders(now - 301))).toBe(false);
  expect(passes(sent, bodyHeaders(now, 'secret', Buffer.from('{"another":"body"}')))).toBe(false);
});

test('a body signature that is sent although not required must be right', () => {
  expect(passes(webhook('acme', 'new'), bodyHeaders(1_700_000_000, 'wrong'))).toBe(false);
  expect(passes(webhook('acme', 'new'), bodyHeaders(1_700_000_000, 'new'))).toBe(true);
});

test('a signature has its form before it is decoded: no other text stands for the same bytes', () => {
  const lookalike = (hex: string): string => String.fromCharCode(...Array.from({ length: hex.length }, (_, index) => 0x4e00 + hex.charCodeAt(index)));
  expect(Buffer.from(lookalike('ab'), 'hex').toString('hex'), 'Node decodes the low bytes').toBe('ab');
  for (const change of [lookalike, (hex: string) => `${hex.slice(0, 63)}g`, (hex: string) => `${hex}00`, (hex: string) => `${hex} `, (hex: string) => `0x${hex.slice(2)}`]) expect(passes(webhook('acme', 'new', change))).toBe(false);
  expect(passes(webhook('acme', 'new', (hex) => hex.toUpperCase()))).toBe(true);
});

test('a body signature is canonical base64, its time whole seconds', () => {
  const now = 1_700_000_000;
  const sent = webhook('strict', 'whsec_c2VjcmV0');
  const headers = bodyHeaders(now);
  const signature = createHmac('sha256', 'secret').update(`msg_1.${now}.`).update(body).digest('base64');
  const withSignature = (offered: string): boolean => passes(sent, { ...headers, 'webhook-signature': `v1,${offered}` });
  const nextDigit = String.fromCharCode(signature.charCodeAt(42) + 1);
  expect(Buffer.from(`${signature.slice(0, 42)}${nextDigit}=`, 'base64').toString('base64'), 'another spelling of the same bytes').toBe(signature);
  expect(withSignature(signature)).toBe(true);
  const spellings = [signature.replace('=', ''), `${signature.slice(0, 42)}${nextDigit}=`, `${signature}=`, `!${signature}`, `${signature}!`, `${signature.slice(0, 20)}\t${signature.slice(20)}`];
  for (const spelling of spellings) expect(withSignature(spelling), spelling).toBe(false);
  for (const timestamp of [`${now}.0`, `0x${now.toString(16)}`, '17e8', `+${now}`, '']) {
    const signed = createHmac('sha256', 'secret').update(`msg_1.${timestamp}.`).update(body).digest('base64');
    expect(passes(sent, { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signed}` }), timestamp).toBe(false);
  }
});

test('a secret that an integration has in two environments: the event says which one it is of', () => {
  const twice = [{ ...acme, environment: 'production' }, { ...acme, environment: 'staging', secrets: ['new', 'of staging only'] }];
  const environmentOf = (named: string | undefined, secret = 'new'): string => {
    const sent = webhook('acme', secret);
    const source = named === undefined ? sent.envelope.source : { ...sent.envelope.source, environment: named };
    const verified = verifyWebhook({ ...sent, envelope: { ...sent.envelope, source } }, {}, { ...integrations, find: () => twice }, undefined);
    return 'kind' in verified ? verified.code : verified.integration.environment;
  };
  expect(environmentOf('production')).toBe('production');
  expect(environmentOf('staging')).toBe('staging');
  expect(environmentOf(undefined), 'the first in the file').toBe('production');
  expect(environmentOf('elsewhere'), 'where it is quarantined, since it names another one').toBe('production');
  expect(environmentOf('production', 'of staging only'), 'a secret of staging never opens production').toBe('staging');
  expect(environmentOf('staging', 'old')).toBe('production');
});
