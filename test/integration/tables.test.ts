// The tables that are there and the definitions they come from say the same.
import { afterAll, expect, test } from 'vitest';
import { findProjections } from '../../infra/projections/find.ts';
import { loadContracts } from '../../schemas/contract.ts';
import { landingColumns, landingTable } from '../../services/runtime/projection/landing.ts';
import { closeClients, query } from '../system/support.ts';

afterAll(closeClients);

const databases = (await findProjections()).map(({ projection }) => projection.database);

test('every database has a landing table per event type with a column per field', async () => {
  const contracts = [...(await loadContracts()).values()];
  for (const database of databases) {
    for (const { record } of contracts) {
      const columns = await query<{ name: string; type: string }>('SELECT name, type FROM system.columns WHERE database = {d:String} AND table = {t:String} ORDER BY position', { d: database, t: landingTable(record) });
      const spaced = (type: string): string => type.replaceAll(' ', '');
      expect(columns.map(({ name, type }) => `${name} ${spaced(type)}`), `${database}.${landingTable(record)}`).toStrictEqual(landingColumns(record).map(({ name, type }) => `${name} ${spaced(type)}`));
    }
  }
});

test('every view that an analyst reads and every column of it says what it means', async () => {
  const silent = await query<{ what: string }>(`
    SELECT concat(database, '.', table, '.', name) AS what FROM system.columns
    WHERE database IN {databases:Array(String)} AND comment = ''
      AND (database, table) IN (SELECT database, name FROM system.tables WHERE engine = 'View')
    UNION ALL
    SELECT concat(database, '.', name) FROM system.tables WHERE database IN {databases:Array(String)} AND engine = 'View' AND comment = ''`, { databases });
  expect(silent).toStrictEqual([]);
});

