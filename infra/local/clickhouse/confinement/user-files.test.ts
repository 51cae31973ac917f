import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkPaths } from './user-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'user-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('paths given to file()', () => {
  it('may name what is in the folder', () => {
    const paths = ['a.csv', 'sub/a.csv', './a.csv', '*.csv', 'sub/**', 'a{1..9}.csv', '{a,b-c}.{csv,csv.gz}', 'a.zip :: inside.csv', 'd\u00fc.csv', join(folder, 'a.csv'), join(folder, 'sub', '*')];
    for (const path of paths) expect(() => checkPaths(folder, [Buffer.from(path).toString('latin1')]), path).not.toThrow();
  });

  it('may not name anything else', () => {
    const paths = ['', '-', 'stdin', 'stdout', '/etc/passwd', '/', `${folder}-beside/a.csv`, '..', '../a.csv', 'sub/../../a.csv', `${folder}/../a.csv`, '{.,x}{.,y}/a.csv', '{../a,b}.csv', '{a,/etc/passwd}', '/{etc,tmp}/passwd', '{,.}{.,}/a', 'x{_partition_id}.csv', 'a\0b', 'file:///etc/passwd'];
    for (const path of paths) expect(() => checkPaths(folder, [path]), path).toThrow(/Code: 291\..*is not inside user_files/);
  });

  it('are all refused while a symbolic link lies in the folder', () => {
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'a.csv'), '1\n');
    symlinkSync('/etc', join(folder, 'sub', 'link'));
    for (const path of ['sub/link/passwd', '*/*/passwd', 'a.csv']) expect(() => checkPaths(folder, [path]), path).toThrow(/symbolic link/);
    rmSync(join(folder, 'sub', 'link'));
    expect(() => checkPaths(folder, ['a.csv'])).not.toThrow();
  });
});
