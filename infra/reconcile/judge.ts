// What is wrong with an event, by what the log has of it and what a table has. No database and no log in here.

/** One place of the log where record and row differ, or one of them is missing. */
export interface Candidate {
  readonly offset: number;
  /** Hashes of what should be and what is; '' where there is none. */
  readonly logged: string;
  readonly stored: string;
}

/** The row that counts for an event now. */
export interface Counting {
  readonly partition: number;
  readonly offset: number;
  readonly hash: string;
}

export interface Circumstances {
  readonly partition: number;
  /** The row that counts for the same event, if any. */
  readonly counting: Counting | undefined;
  /** The record is in quarantine instead: nobody, or not this table's service, could use it. */
  readonly isQuarantined: boolean;
  /** It was, and may have been put into the log again, behind. */
  readonly wasQuarantined: boolean;
  /** Why the record there can't be read; '' when it can. */
  readonly unreadable: string;
}

export type Verdict = 'missing' | 'later_copy' | 'changed' | 'extra' | 'unreadable';

/** Null when all is well: a later copy of an event has no row of its own. */
export function judge({ offset, logged, stored }: Candidate, { partition, counting, isQuarantined, wasQuarantined, unreadable }: Circumstances): Verdict | null {
  if (logged === '') {
    if (isQuarantined) return null; // told as such, where quarantine and tables are compared
    return unreadable === '' ? 'extra' : 'unreadable';
  }
  if (stored !== '') return stored === logged ? null : 'changed';
  if (counting === undefined) return isQuarantined ? null : 'missing';
  if (counting.offset < offset) return null;
  if (counting.offset > offset) return wasQuarantined ? null : 'later_copy';
  // A ticket's events may lie in two partitions, since more were added: of two copies with one offset either may count.
  return counting.partition === partition ? 'changed' : null;
}
