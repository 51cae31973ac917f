// A Kafka that wants TLS on both sides and a user, and has ACLs: the door may only write, a consumer only read its topic. The processes
// are the real ones, configured by variables.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ensureInstalled, startStack, type Stack } from '../../infra/local/stack.ts';
import { cacheFolder } from '../../infra/local/settings.ts';
import { kafkaSettings, readConfig } from '../../services/runtime/config.ts';
import { eventsTopic, quarantineTopic } from '../../services/runtime/event-log.ts';
import { connectKafka, ensureTopics, type KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { topicOffsets } from '../../services/runtime/kafka/topic-offsets.ts';
import { kafkaConnection } from '../../services/runtime/kafka/connection.ts';
import { readTail } from '../../services/runtime/kafka/consumer.ts';
import { createQuickAdmin } from '../../services/runtime/kafka/quick-admin.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { Authority, joined, type Certificate } from '../system/certificates.ts';
import { newDataFolder } from '../system/data-folder.ts';
import { freePorts } from '../system/free-ports.ts';
import { closeClients, eventually, newTicketId, ticket } from '../system/support.ts';
import { endAll, run, type Running } from './consumer-kit.ts';
import { root } from './copy-of-the-code.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ConfigResourceTypes, ResourcePatternTypes } = kafkajs;
type Rule = kafkajs.AclEntry;
const logger = createLogger('test', 'silent');
const passwords: Readonly<Record<string, string>> = Object.fromEntries(['operator', 'ingress', 'ticket-transcript'].map((name) => [name, randomBytes(16).toString('hex')]));
const topic = eventsTopic('production');

let folder = '';
let stack: Stack;
/** Clients come by a relay to the broker's own port, so that their connections can be cut. */
let secure = 0;
let relayed = 0;
let relay: Server;
let authority: Authority;
let client: Certificate;

const propertiesOf = (ports: { kafka: number; kafkaController: number }): Record<string, string> => ({
  // Without TLS for whoever sets it up here; the super user of that door is nobody in particular.
  listeners: `BROKER://127.0.0.1:${ports.kafka},SECURE://127.0.0.1:${secure},CONTROLLER://127.0.0.1:${ports.kafkaController}`,
  'advertised.listeners': `BROKER://127.0.0.1:${ports.kafka},SECURE://127.0.0.1:${relayed}`,
  'listener.security.protocol.map': 'BROKER:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT',
  'listener.name.secure.ssl.keystore.type': 'PEM',
  'listener.name.secure.ssl.keystore.location': 'secure/broker.pem',
  'listener.name.secure.ssl.truststore.type': 'PEM',
  'listener.name.secure.ssl.truststore.location': 'secure/ca.pem',
  'listener.name.secure.ssl.client.auth': 'required',
  'listener.name.secure.sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN',
  'listener.name.secure.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'listener.name.secure.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_operator="${passwords['operator'] ?? ''}";`,
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS;User:operator',
});

const envOf = (user: string, changes: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  KAFKA_BROKERS: `127.0.0.1:${relayed}`, KAFKA_TLS: 'on', KAFKA_CA_FILE: authority.caFile, KAFKA_CERT_FILE: client.certFile, KAFKA_KEY_FILE: client.keyFile,
  KAFKA_SASL: user === 'operator' ? 'plain' : 'scram-sha-512', KAFKA_USER: user, KAFKA_PASSWORD: passwords[user] ?? '', ...changes,
});
const as = (user: string, changes: Readonly<Record<string, string>> = {}): KafkaConnection => kafkaConnection(readConfig(kafkaSettings, envOf(user, changes)), user, logger);

/** Users with SCRAM are in Kafka itself; only its own program makes them. */
async function makeUser(name: string): Promise<void> {
  const { java, kafkaDir } = await ensureInstalled({ cacheDir: cacheFolder(process.env), env: process.env, only: ['kafka'] });
  await promisify(execFile)(java, ['-Xmx64m', '-XX:TieredStopAtLevel=1', '-cp', join(kafkaDir, 'libs', '*'), 'kafka.admin.ConfigCommand',
    '--bootstrap-server', stack.kafkaBrokers, '--alter', '--add-config', `SCRAM-SHA-512=[iterations=4096,password=${passwords[name] ?? ''}]`, '--entity-type', 'users', '--entity-name', name]);
}

/** As SECURITY.md tells them. */
async function allow(): Promise<void> {
  const admin = connectKafka({ brokers: [stack.kafkaBrokers], clientId: 'acls', logger }).admin();
  await admin.connect();
  const rule = (user: string, resourceType: Rule['resourceType'], resourceName: string, operation: Rule['operation']): Rule =>
    ({ principal: `User:${user}`, host: '*', permissionType: AclPermissionTypes.ALLOW, resourcePatternType: ResourcePatternTypes.PREFIXED, resourceType, resourceName, operation });
  const { TOPIC, GROUP } = AclResourceTypes;
  await admin.createAcls({ acl: [
    rule('ingress', TOPIC, topic, AclOperationTypes.WRITE), rule('ingress', TOPIC, quarantineTopic('production'), AclOperationTypes.WRITE),
    rule('ticket-transcript', TOPIC, topic, AclOperationTypes.READ), rule('ticket-transcript', TOPIC, quarantineTopic('production'), AclOperationTypes.WRITE),
    rule('ticket-transcript', GROUP, 'ticket-transcript', AclOperationTypes.READ), rule('ticket-transcript', GROUP, 'ticket-transcript', AclOperationTypes.DELETE),
  ] });
  await admin.disconnect();
}

const connections = new Set<Socket>();
async function openRelay(): Promise<void> {
  relay = createServer((client) => {
    const broker = connect({ port: secure, host: '127.0.0.1' });
    for (const [from, to] of [[client, broker], [broker, client]] as const) {
      connections.add(from.on('error', () => undefined).on('close', () => to.destroy()));
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => relay.listen(relayed, '127.0.0.1', resolve));
}
function cutConnections(): void {
  for (const socket of connections) socket.destroy();
  connections.clear();
}

/** By another authority, which clients are told of first; as an operator does it, without a restart of the broker. */
async function renewBrokersCertificate(): Promise<void> {
  const next = await Authority.make(await mkdtemp(join(folder, 'next-')));
  await joined(await next.certificate('broker'), join(stack.dataDir, 'secure', 'renewed.pem'));
  await appendFile(authority.caFile, await readFile(next.caFile));
  const admin = connectKafka({ brokers: [stack.kafkaBrokers], clientId: 'operator', logger }).admin();
  await admin.connect();
  const { brokers } = await admin.describeCluster();
  await admin.alterConfigs({ validateOnly: false, resources: brokers.map(({ nodeId }) => ({ type: ConfigResourceTypes.BROKER, name: String(nodeId), configEntries: [
    { name: 'listener.name.secure.ssl.keystore.type', value: 'PEM' }, { name: 'listener.name.secure.ssl.keystore.location', value: 'secure/renewed.pem' },
  ] })) });
  await admin.disconnect();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-secured-'));
  const dataDir = await newDataFolder();
  const [kafka = 0, kafkaController = 0, ...others] = await freePorts(4);
  [secure = 0, relayed = 0] = others;
  await openRelay();
  authority = await Authority.make(folder);
  client = await authority.certificate('client');
  await mkdir(join(dataDir, 'secure'));
  await joined(await authority.certificate('broker'), join(dataDir, 'secure', 'broker.pem'));
  await writeFile(join(dataDir, 'secure', 'ca.pem'), await readFile(authority.caFile));
  stack = await startStack({ dataDir, only: ['kafka'], ports: { kafka, kafkaController }, kafkaSettings: propertiesOf({ kafka, kafkaController }) });
  await Promise.all([makeUser('ingress'), makeUser('ticket-transcript'), allow()]);
  // PLAIN, over TLS.
  await ensureTopics(as('operator'), [topic, quarantineTopic('production')].map((name) => ({ name, partitions: 2, replicas: 1, config: {} })));
});

afterAll(async () => {
  await endAll();
  relay.close();
  cutConnections();
  await stack.stop();
  await closeClients();
  await rm(folder, { recursive: true, force: true });
});

test('the door takes an event as a user that may only write, and a consumer gets it as one that may only read its topic', async () => {
  const [port = 0] = await freePorts(1);
  const integrations = join(folder, 'integrations.json');
  await writeFile(integrations, JSON.stringify([{ integration_id: 'acme', environment: 'production', secrets: ['acme-secret'] }]));
  const openDoor = async (): Promise<Running> => {
    const door = run(root, ['services/ingress/main.ts'], { ...envOf('ingress'), INTEGRATIONS_FILE: integrations, INGRESS_ENVIRONMENTS: 'production', INGRESS_PORT: String(port), INGRESS_DRAIN_MS: '0' });
    await eventually(async () => {
      if (door.child.exitCode !== null) expect.fail(door.output());
      return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok ? true : null;
    }, 'a door that is ready');
    return door;
  };
  const first = await openDoor();
  const id = newTicketId();
  const body = JSON.stringify(ticket(id).created(new Date().toISOString(), 'over TLS'));
  const send = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/webhooks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json();
  expect([await send(), await send()]).toMatchObject([{ status: 'accepted' }, { status: 'duplicate' }]);
  const before = join(folder, 'before.pem');
  await copyFile(authority.caFile, before);
  await renewBrokersCertificate();
  const another = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/webhooks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(ticket(newTicketId()).created(new Date().toISOString(), 'after the renewal')) })).json();
  expect(await another(), 'by the connection that it has').toMatchObject({ status: 'accepted' });
  cutConnections();
  await eventually(async () => ((await another() as { status?: string }).status === 'accepted' ? true : null), 'an event by a new connection, which the broker shows its new certificate');
  await expect(topicOffsets(as('ingress', { KAFKA_CA_FILE: before }), topic), 'who was not told of its authority').rejects.toThrow(/certificate/);
  expect((await first.end('SIGTERM')).code).toBe(0);
  // What it took before it can't read, so the retry is one more record of the same event.
  const door = await openDoor();
  expect(door.output()).toMatch(/this user may only write/);
  expect(await send()).toMatchObject({ status: 'accepted' });
  expect((await door.end('SIGTERM')).code).toBe(0);
  const read = await run(root, ['services/ticket-transcript/main.ts', '--once', '--from', 'beginning'], { ...envOf('ticket-transcript'), TRANSCRIPT_DIR: join(folder, 'transcripts') }).end();
  expect(read.code, read.output).toBe(0);
  expect(await readFile(join(folder, 'transcripts', 'acme', `${id}.txt`), 'utf8')).toContain('over TLS');
  for (const { output } of [{ output: first.output() }, { output: door.output() }, read]) for (const password of Object.values(passwords)) expect(output).not.toContain(password);
});

test('what ACLs don’t allow is refused, by name', async () => {
  await expect(readTail(as('ingress'), topic, 10, () => undefined)).rejects.toMatchObject({ code: 'LOG_REFUSED', message: expect.stringContaining('as ingress') as string });
  const producer = connectKafka(as('ticket-transcript')).producer({ retry: { retries: 0 } });
  await producer.connect();
  await expect(producer.send({ topic, messages: [{ value: 'forged' }] })).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
  await producer.disconnect();
});

test('who has another password, no certificate, or trusts another authority does not get in', async () => {
  await expect(topicOffsets(as('ingress', { KAFKA_PASSWORD: 'a guess' }), topic)).rejects.toMatchObject({ code: 'LOG_REFUSED' });
  // As readiness asks, with a deadline.
  const asked = (changes: Readonly<Record<string, string>>): Promise<unknown> => {
    const admin = createQuickAdmin(as('ingress', changes));
    return admin.ask((asking) => asking.fetchTopicOffsets(topic)).finally(() => admin.stop());
  };
  const other = await Authority.make(await mkdtemp(join(folder, 'other-')));
  // It says why, as soon as it knows: on a busy machine the deadline may come before.
  const saysWhy = (changes: Readonly<Record<string, string>>, why: RegExp): Promise<unknown> => vi.waitFor(() => expect(asked(changes)).rejects.toThrow(why), 60_000);
  await saysWhy({ KAFKA_CA_FILE: other.caFile }, /Kafka does not answer: .*(self-signed|verify the first) certificate/);
  await saysWhy({ KAFKA_CERT_FILE: '', KAFKA_KEY_FILE: '' }, /Kafka does not answer: .*certificate required/);
  // That it was for these reasons: with all of them right it is answered, if late on a busy machine.
  await vi.waitFor(async () => expect(await asked({})).toHaveLength(2), 60_000);
});
