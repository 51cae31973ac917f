import { expect, it } from 'vitest';
import { CatalogWatch } from './catalog-watch.ts';

it('what was read is known to be so until something may have changed it, and nothing is while that is under way', async () => {
  const watch = new CatalogWatch();
  const before = watch.version;
  expect(watch.version).toBe(before);
  let end = (): void => undefined;
  const change = watch.changing(() => new Promise<void>((resolve) => {
    end = resolve;
  }));
  const other = watch.changing(() => Promise.reject(new Error('refused')));
  await expect(other).rejects.toThrow('refused');
  expect(watch.version).toBeNull();
  end();
  await change;
  expect(watch.version).not.toBeNull();
  expect(watch.version).not.toBe(before);
  watch.changingUnseen();
  await watch.changing(() => Promise.resolve());
  expect(watch.version).toBeNull();
});
