import { describe, expect, it } from 'vitest';
import { missingRecords } from './missing-records.ts';

describe('records that a group can’t read any more', () => {
  it('are those deleted from the log’s start, by partition', () => {
    const positions = [{ partition: 0, committed: 100, low: 250, end: 400 }, { partition: 1, committed: 250, low: 250, end: 400 }];
    expect(missingRecords(positions)).toStrictEqual([{ partition: 0, next: 100, low: 250, end: 400, records: 150, which: 'before the log' }]);
  });

  it('are those that the log has lost at its end', () => {
    expect(missingRecords([{ partition: 3, committed: 500, low: 0, end: 400 }])).toStrictEqual([{ partition: 3, next: 500, low: 0, end: 400, records: 100, which: 'behind the log' }]);
  });

  it('are none where the group is at the end, or never was', () => {
    expect(missingRecords([{ partition: 0, committed: 400, low: 0, end: 400 }, { partition: 1, committed: -1, low: 7, end: 9 }])).toStrictEqual([]);
  });
});
