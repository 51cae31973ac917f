// Prints what our tables say about each incident beside what the log says about itself.
import { groupBy } from '../../../services/runtime/group-by.ts';
import type { Query } from '../verify.ts';
import { tableText } from '../report.ts';
import { compareIncident, measures, type Compared, type Computed } from './compare.ts';
import type { Incident } from './incident-log.ts';
import { replayIntegration, rowTimes } from './incidents.ts';

const sql = `\
SELECT ticket_id, queue_changes, reopens, last_solved_at, closed_at, full_resolution_seconds, escalations_fired
FROM queue.tickets
WHERE integration_id = '${replayIntegration}'`;

interface Row {
  readonly ticket_id: string;
  readonly queue_changes: number;
  readonly reopens: number;
  readonly last_solved_at: string | null;
  readonly closed_at: string | null;
  readonly full_resolution_seconds: number | null;
  readonly escalations_fired: number;
}

/** More incidents than this are not listed one by one; every difference still is. */
const LISTED = 500;

const toMs = (time: string | null): number | null => (time === null ? null : Date.parse(`${time.replace(' ', 'T')}Z`));

const computed = (row: Row): Computed => ({
  queueChanges: row.queue_changes,
  reopens: row.reopens,
  lastSolvedAt: toMs(row.last_solved_at),
  closedAt: toMs(row.closed_at),
  fullResolutionSeconds: row.full_resolution_seconds,
  escalations: row.escalations_fired,
});

/** One line per incident: ours | the log's, with a star where they differ. */
function sideBySide(compared: readonly Compared[]): Record<string, string>[] {
  const byNumber = new Map<string, Record<string, string>>();
  for (const { number, measure, ours, log, agrees } of compared) {
    const line = byNumber.get(number) ?? { incident: number };
    line[measure] = `${ours} | ${log}${agrees ? '' : ' *'}`;
    byNumber.set(number, line);
  }
  return [...byNumber.values()];
}

export function summaryOf(compared: readonly Compared[]): Record<string, string | number>[] {
  return measures.map((measure) => {
    const of = compared.filter((item) => item.measure === measure);
    const agree = of.filter((item) => item.agrees).length;
    const unexplained = of.filter((item) => item.reason.startsWith('NOT EXPLAINED')).length;
    return { measure, agree: `${agree} / ${of.length}`, differ: of.length - agree, unexplained };
  });
}

export async function replayReport(query: Query, incidents: readonly Incident[]): Promise<string> {
  const ours = new Map((await query<Row>(sql)).map((row) => [row.ticket_id, computed(row)]));
  const compared = incidents.flatMap((incident) => compareIncident(incident, ours.get(incident.number)));
  const differing = compared.filter((item) => !item.agrees);
  const reasons = groupBy(differing, (item) => item.reason);
  const moved = incidents.flatMap((incident) => rowTimes(incident).flatMap((time, index) => (time.moved ? [`${incident.number} line ${incident.rows[index]?.line ?? 0}`] : [])));
  const parts = [
    incidents.length <= LISTED ? `\nINCIDENTS: ours | the log's own (* = differs; – = has not happened)\n${tableText(sideBySide(compared))}` : '',
    `\nEVERY DIFFERENCE\n${differing.length === 0 ? 'none' : [...reasons].map(([reason, items]) =>
      `${reason}: ${items.length}\n${items.map((item) => `    ${item.number} ${item.measure}: ours ${item.ours}, log ${item.log}. ${item.detail}`).join('\n')}`).join('\n')}`,
    moved.length === 0 ? '' : `\nROWS OUT OF THE LOG'S ORDER, replayed at the time of the row before: ${moved.length}\n    ${moved.join(', ')}`,
    `\nAGREEMENT with the log, ${incidents.length} incidents\n${tableText(summaryOf(compared))}\n${sql.replaceAll(/^/gm, '    ')}\n`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}
