// Ids are made of the schema's text, so one command puts the same ones back.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defineFault, type Scene } from '../harness/fault.ts';
import { readLock, sameSchema } from '../../../services/runtime/registry/registry.ts';
import { registryOf } from '../harness/raw.ts';
import { projections } from '../harness/stack.ts';
import { everyServiceWarns } from '../harness/warnings.ts';

const missingAt = async ({ stack }: Scene, name: string): Promise<number> =>
  Number(/^ticketstream_registry_wrong_schemas\{[^}]*finding="missing"[^}]*\} (\d+)/m.exec(await stack.get(name).metrics())?.[1]);

export default defineFault({
  id: 'F7b',
  title: 'the registry comes back empty, and somebody registers the same schemas under other ids; restore brings the ids back',
  times: { small: 0, full: 4 },
  inject: async (scene, turn) => {
    const { stack } = scene;
    const lock = await readLock(join(stack.dataDir, 'schemas.lock.json'));
    const ids = new Set(lock.map(({ id }) => id));
    await stack.parts.stopPart('registry');
    await rm(join(stack.dataDir, 'registry'), { recursive: true });
    await stack.parts.start('registry');
    const registry = registryOf(stack);
    await everyServiceWarns(stack, /lacks the schema ids.*npm run schemas -- restore/);
    // Every other time nobody does.
    if (turn % 2 === 0) for (const { subject, schema } of lock) if (ids.has(await registry.register(subject, schema))) scene.fail('I1', `the registry gave ${subject} its old id by itself: nothing is tried here`);
    for (const name of ['ingress', ...projections]) if ((await missingAt(scene, name)) !== ids.size) scene.fail('I9', `${name} does not count ${ids.size} missing schemas`);
    await scene.arrives();
    const { code, output } = await stack.run('infra/schemas/schemas.ts', 'restore');
    if (code !== 0) scene.fail('I9', `restore ended with ${code}: ${output}`);
    for (const { id, schema } of lock) if (!sameSchema((await registry.schemaById(id)) ?? '{}', schema)) scene.fail('I9', `schema ${id} is not back`);
    await everyServiceWarns(stack, null);
  },
});
