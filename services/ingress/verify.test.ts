import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { Integration, Integrations } from './integrations.ts';
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
  assert.ok(passes(webhook('acme', 'new')));
  assert.ok(passes(webhook('acme', 'old')));
});

test('unknown integration, another tenant’s secret and a bad signature get one and the same answer', () => {
  const answers = [webhook('nobody', 'new'), webhook('strict', 'new'), webhook('acme', 'wrong'), webhook('acme', 'new', () => 'zz'), webhook('acme', 'new', (s) => s.slice(1)), webhook('nobody', 'no secret of anybody')]
    .map((sent) => verifyWebhook(sent, {}, integrations, undefined));
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.equal((answers[0] as { status: number }).status, 401);
});

test('the integration in the URL must be the one that signed', () => {
  assert.ok(passes(webhook('acme', 'new'), {}, 'acme'));
  assert.ok(!passes(webhook('acme', 'new'), {}, 'strict'));
});

test('a required body signature covers the raw body and a fresh delivery time', () => {
  const now = 1_700_000_000;
  const sent = webhook('strict', 'whsec_c2VjcmV0');
  assert.ok(!passes(sent));
  assert.ok(passes(sent, bodyHeaders(now)));
  assert.ok(passes(sent, bodyHeaders(now - 300)));
  assert.ok(!passes(sent, bodyHeaders(now - 301)));
  assert.ok(!passes(sent, bodyHeaders(now, 'secret', Buffer.from('{"another":"body"}'))));
});

test('a body signature that is sent although not required must be right', () => {
  assert.ok(!passes(webhook('acme', 'new'), bodyHeaders(1_700_000_000, 'wrong')));
  assert.ok(passes(webhook('acme', 'new'), bodyHeaders(1_700_000_000, 'new')));
});

test('a signature has its form before it is decoded: no other text stands for the same bytes', () => {
  const lookalike = (hex: string): string => String.fromCharCode(...Array.from({ length: hex.length }, (_, index) => 0x4e00 + hex.charCodeAt(index)));
  assert.equal(Buffer.from(lookalike('ab'), 'hex').toString('hex'), 'ab', 'Node decodes the low bytes');
  for (const change of [lookalike, (hex: string) => `${hex.slice(0, 63)}g`, (hex: string) => `${hex}00`, (hex: string) => `${hex} `, (hex: string) => `0x${hex.slice(2)}`]) assert.ok(!passes(webhook('acme', 'new', change)));
  assert.ok(passes(webhook('acme', 'new', (hex) => hex.toUpperCase())));
});

test('a body signature is canonical base64, its time whole seconds', () => {
  const now = 1_700_000_000;
  const sent = webhook('strict', 'whsec_c2VjcmV0');
  const headers = bodyHeaders(now);
  const signature = createHmac('sha256', 'secret').update(`msg_1.${now}.`).update(body).digest('base64');
  const withSignature = (offered: string): boolean => passes(sent, { ...headers, 'webhook-signature': `v1,${offered}` });
  const nextDigit = String.fromCharCode(signature.charCodeAt(42) + 1);
  assert.equal(Buffer.from(`${signature.slice(0, 42)}${nextDigit}=`, 'base64').toString('base64'), signature, 'another spelling of the same bytes');
  assert.ok(withSignature(signature));
  const spellings = [signature.replace('=', ''), `${signature.slice(0, 42)}${nextDigit}=`, `${signature}=`, `!${signature}`, `${signature}!`, `${signature.slice(0, 20)}\t${signature.slice(20)}`];
  for (const spelling of spellings) assert.ok(!withSignature(spelling), spelling);
  for (const timestamp of [`${now}.0`, `0x${now.toString(16)}`, '17e8', `+${now}`, '']) {
    const signed = createHmac('sha256', 'secret').update(`msg_1.${timestamp}.`).update(body).digest('base64');
    assert.ok(!passes(sent, { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signed}` }), timestamp);
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
  assert.equal(environmentOf('production'), 'production');
  assert.equal(environmentOf('staging'), 'staging');
  assert.equal(environmentOf(undefined), 'production', 'the first in the file');
  assert.equal(environmentOf('elsewhere'), 'production', 'where it is quarantined, since it names another one');
  assert.equal(environmentOf('production', 'of staging only'), 'staging', 'a secret of staging never opens production');
  assert.equal(environmentOf('staging', 'old'), 'production');
});
