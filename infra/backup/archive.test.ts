import { expect, test } from 'vitest';
import { loadContracts, type AvroRecord } from '../../schemas/contract.ts';
import { samplesOf } from '../schemas/corpus.ts';
import { recordMaker } from './archive.ts';

const contracts = [...(await loadContracts()).values()];

/** As the archive has it: a column for each field, those of nested records with the record's name in front. */
function rowOf(record: AvroRecord, value: Record<string, unknown>, before = ''): Record<string, unknown> {
  return Object.fromEntries(record.fields.flatMap(({ name, type }) => {
    const isRecord = typeof type === 'object' && 'type' in type && type.type === 'record';
    return isRecord ? Object.entries(rowOf(type, value[name] as Record<string, unknown>, `${before}${name}_`)) : [[`${before}${name}`, value[name]]];
  }));
}

test.each(contracts)('a $eventType is the same record again', ({ record }) => {
  const recordOf = recordMaker(record);
  for (const { value } of samplesOf(record)) expect(recordOf({ ...rowOf(record, value), event_type: 'of the table', kafka_offset: 7 })).toStrictEqual(value);
});
