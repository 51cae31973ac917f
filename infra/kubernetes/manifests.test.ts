// The manifests are of Kubernetes' language, and say of each service what its code says.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { Deployment, type IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { eventsTopic } from '../../services/runtime/event-log.ts';
import { healthPaths } from '../../services/runtime/health.ts';
import { STOP_DEADLINE_MS } from '../../services/runtime/lifecycle.ts';
import { findProjections } from '../projections/find.ts';
import { findServices } from '../start/services.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const project = join(here, '../..');

interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string };
}
interface Checked {
  readonly validate: () => void;
}
type Node = Readonly<Record<string, unknown>>;

/** Each by its schema. */
const models: Readonly<Record<string, (manifest: never) => Checked>> = {
  Deployment: (manifest) => new Deployment(manifest), Job: (manifest) => new Job(manifest), Service: (manifest) => new Service(manifest), Namespace: (manifest) => new Namespace(manifest),
  PodDisruptionBudget: (manifest) => new PodDisruptionBudget(manifest), HorizontalPodAutoscaler: (manifest) => new HorizontalPodAutoscaler(manifest),
  NetworkPolicy: (manifest) => new NetworkPolicy(manifest), PersistentVolumeClaim: (manifest) => new PersistentVolumeClaim(manifest), ScaledObject: (manifest) => new ScaledObject(manifest),
};

const textOf = (path: string): string => readFileSync(join(here, path), 'utf8');
const manifestsIn = (path: string): Manifest[] => parseAllDocuments(textOf(path), { merge: true }).map((document) => document.toJS() as Manifest);

interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator?: readonly { readonly literals: readonly string[] }[];
}
const kustomization = (folder: string): Kustomization => parse(textOf(`${folder}/kustomization.yaml`)) as Kustomization;

/** As kustomize puts a strategic patch on them: objects are united, and lists whose items have names by these. */
function patched(below: unknown, patch: unknown): unknown {
  const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
  const nameOf = (item: unknown): unknown => (isNode(item) ? (item['mountPath'] ?? item['name']) : undefined);
  if (isNode(below) && isNode(patch)) return { ...below, ...Object.fromEntries(Object.entries(patch).map(([name, value]) => [name, patched(below[name], value)])) };
  if (Array.isArray(below) && Array.isArray(patch) && patch.every((item) => nameOf(item) !== undefined)) {
    const named = new Map([...(below as unknown[])].map((item) => [nameOf(item), item]));
    for (const item of patch as unknown[]) named.set(nameOf(item), patched(named.get(nameOf(item)), item));
    return [...named.values()];
  }
  return patch === undefined ? below : patch;
}

const [everyService] = manifestsIn('every-service/pod.yaml');
const folders = ['base', 'destinations'];
const manifests = folders.flatMap((folder) => kustomization(folder).resources.flatMap((file) => manifestsIn(`${folder}/${file}`)))
  .map((manifest) => (manifest.kind === 'Deployment' ? (patched(everyService, manifest) as Manifest) : manifest));
const of = <T>(kind: string): (Manifest & T)[] => manifests.filter((manifest) => manifest.kind === kind) as (Manifest & T)[];
const deployments = of<{ spec: NonNullable<IDeployment['spec']> }>('Deployment');
const podOf = ({ spec }: (typeof deployments)[number]): NonNullable<typeof spec.template.spec> => spec.template.spec ?? expect.fail('no pod');
const containerOf = (deployment: (typeof deployments)[number]): ReturnType<typeof podOf>['containers'][number] => podOf(deployment).containers[0] ?? expect.fail('no container');

const sources = ['services', 'infra'].flatMap((folder) => readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts')).map((file) => readFileSync(join(project, folder, file), 'utf8'))).join('\n');
const declared = new Set([...sources.matchAll(/^ {2}([A-Z][A-Z_]+): \{ parse:/gm)].map(([, name]) => name));
const secret = new Set([...sources.matchAll(/^ {2}([A-Z][A-Z_]+): \{ parse:.*secret: true/gm)].map(([, name]) => name));
const literals = [...folders, 'production'].flatMap((folder) => kustomization(folder).configMapGenerator ?? []).flatMap((generator) => generator.literals).map((literal) => literal.split(/=(.*)/s) as [string, string]);
const config = Object.fromEntries(literals);
const envOf = (deployment: (typeof deployments)[number]): Readonly<Record<string, string | undefined>> => ({ ...config, ...Object.fromEntries((containerOf(deployment).env ?? []).map(({ name, value }) => [name, value])) });

describe('of Kubernetes’ language', () => {
  test.each([...manifests, ...manifestsIn('production/namespace.yaml')].map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const))('%s', (_, manifest) => {
    const model = models[manifest.kind] ?? expect.fail(`no schema for ${manifest.kind}`);
    const checked = model(manifest as never);
    expect(manifest.apiVersion).toBe((checked as unknown as Manifest).apiVersion);
    expect(() => checked.validate()).not.toThrow();
  });

  test('a slip of the pen is none', () => {
    const [first] = deployments;
    expect(() => new Deployment({ ...first, spec: { ...first?.spec, replicas: 'two' } } as never).validate()).toThrow();
  });

  test('every file is named by its kustomization, and every one that is named is there', () => {
    for (const folder of folders) expect([...kustomization(folder).resources, 'kustomization.yaml'].sort()).toStrictEqual(readdirSync(join(here, folder)).sort());
  });
});

describe('of each service', () => {
  test('there is one Deployment, with a budget for its disruptions', () => {
    expect(deployments.map((deployment) => containerOf(deployment).args?.[0]).sort()).toStrictEqual(findServices().toSorted());
    for (const { metadata: { name }, spec } of deployments) expect(spec.selector.matchLabels, name).toStrictEqual({ 'app.kubernetes.io/name': name });
    const budgets = of<{ spec: { selector: { matchLabels: object } } }>('PodDisruptionBudget');
    expect(budgets.map(({ spec: { selector } }) => selector.matchLabels).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)))
      .toStrictEqual(deployments.map(({ spec }) => spec.selector.matchLabels ?? {}).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)));
  });

  test.each(deployments.map((deployment) => [deployment.metadata.name, deployment] as const))('%s: ports, paths and variables are those of the code', (name, deployment) => {
    const container = containerOf(deployment);
    const env = envOf(deployment);
    const portOf = (named: unknown): number | undefined => container.ports?.find((port) => port.name === named)?.containerPort;
    expect(portOf('health')).toBe(Number(name === 'ingress' ? env['INGRESS_HEALTH_PORT'] : env['HEALTH_PORT']));
    if (name === 'ingress') expect(portOf('http')).toBe(Number(env['INGRESS_PORT']));
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      expect(probe?.httpGet?.path).toMatch(healthPaths.path);
      expect(probe?.httpGet?.port).toBe('health');
    }
    for (const variable of Object.keys(env)) expect(declared, variable).toContain(variable);
  });

  test.each(deployments.map((deployment) => [deployment.metadata.name, deployment] as const))('%s runs as nobody, writes nothing but memory, and has time to stop', (_, deployment) => {
    const [pod, container] = [podOf(deployment), containerOf(deployment)];
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false, securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } });
    expect(container.securityContext).toStrictEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    expect(container.resources).toMatchObject({ requests: { cpu: expect.any(String) as string, memory: expect.any(String) as string }, limits: { memory: expect.any(String) as string } });
    expect(new Set(container.volumeMounts?.map((mount) => mount.name))).toStrictEqual(new Set(pod.volumes?.map((volume) => volume.name)));
    expect(1_000 * (pod.terminationGracePeriodSeconds ?? 0)).toBeGreaterThan(STOP_DEADLINE_MS + Number(envOf(deployment)['INGRESS_DRAIN_MS'] ?? 0));
  });
});

test('projections are scaled by how far their own group is behind, up to no more processes than partitions', async () => {
  const scaled = of<{ spec: { maxReplicaCount: number; scaleTargetRef: { name: string }; triggers: { metadata: Record<string, string> }[] } }>('ScaledObject');
  const groups = (await findProjections()).map(({ projection }) => [projection.name, projection.group ?? projection.name]);
  expect(Object.fromEntries(scaled.map(({ spec }) => [spec.scaleTargetRef.name, spec.triggers[0]?.metadata['consumerGroup']]))).toStrictEqual(Object.fromEntries(groups));
  for (const { spec } of scaled) {
    expect(spec.triggers[0]?.metadata['topic']).toBe(eventsTopic(config['ENVIRONMENT'] ?? ''));
    expect(spec.maxReplicaCount).toBeLessThanOrEqual(Number(config['TOPIC_PARTITIONS']));
  }
});

test('what runs before the services are commands that there are', () => {
  const [job] = of<{ spec: { template: { spec: { initContainers: { command: string[] }[]; containers: { command: string[] }[] } } } }>('Job');
  const { initContainers = [], containers = [] } = job?.spec.template.spec ?? {};
  expect([...initContainers, ...containers].map(({ command }) => command[2])).toStrictEqual(['infra/topics/topics.ts', 'infra/schemas/schemas.ts', 'infra/migrate/migrate.ts']);
});

test('no secret is in them', () => {
  expect(manifests.filter(({ kind }) => kind === 'Secret')).toStrictEqual([]);
  expect(secret.size).toBeGreaterThan(3);
  for (const [name] of literals) expect(secret, name).not.toContain(name);
  for (const deployment of deployments) for (const { name } of containerOf(deployment).env ?? []) expect(secret, name).not.toContain(name);
});
