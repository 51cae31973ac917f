// What a schema can't say of a desk file: references, order of versions, names that are one
// and the same, windows that end before they start.
import { statusKey } from '../../services/ticket/desk/status.ts';
import type { Calendar, Closure, Desk, Integration, Policy, Problem, Version, Window } from './desk.ts';

type Report = (path: string, message: string) => void;

const member = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function checkVersions(versions: readonly Version[], path: string, report: Report): void {
  versions.forEach((version, index) => {
    const before = versions[index - 1];
    if (before === undefined) return;
    if (version.version <= before.version) report(`${path}/${index}/version`, `${version.version} must be higher than ${before.version}, the one before`);
    if (version.from === undefined) report(`${path}/${index}`, 'needs `from`: only the first version may be in force since ever');
    else if (before.from !== undefined && Date.parse(version.from) <= Date.parse(before.from)) report(`${path}/${index}/from`, `${version.from} must be later than ${before.from}, the one before`);
  });
}

function checkWindow({ from, to, overnight }: Window, path: string, report: Report): void {
  if (overnight === true && to > from) report(`${path}/overnight`, `${to} is later than ${from}: such a window ends on the same date`);
  else if (overnight !== true && to <= from) report(`${path}/to`, `${to} is not after ${from}; a window that ends on the next date needs "overnight": true`);
}

function checkClosure({ from, to }: Closure, path: string, report: Report): void {
  if (to !== undefined && to <= from) report(`${path}/to`, `${to} is not after ${from}; a closure that ends on the next date is two closures`);
}

function checkCalendars(calendars: readonly Calendar[], report: Report): void {
  const seen = new Set<string>();
  calendars.forEach(({ calendar_id, versions }, index) => {
    const path = `/calendars/${index}`;
    if (seen.has(calendar_id)) report(`${path}/calendar_id`, `"${calendar_id}" occurs twice`);
    seen.add(calendar_id);
    checkVersions(versions, `${path}/versions`, report);
    versions.forEach(({ windows, closures = [] }, version) => {
      windows.forEach((window, at) => checkWindow(window, `${path}/versions/${version}/windows/${at}`, report));
      closures.forEach((closure, at) => checkClosure(closure, `${path}/versions/${version}/closures/${at}`, report));
    });
  });
}

interface Place {
  readonly path: string;
  readonly report: Report;
  readonly calendars: ReadonlySet<string>;
}

function checkCalendarId(calendar_id: string | undefined, { path, report, calendars }: Place): void {
  if (calendar_id !== undefined && calendar_id !== '' && !calendars.has(calendar_id)) report(`${path}/calendar_id`, `there is no calendar "${calendar_id}"`);
}

function checkPolicies(policies: readonly Policy[], place: Place): void {
  const { path, report } = place;
  const seen = new Set<string>();
  policies.forEach(({ policy_id, versions }, index) => {
    if (seen.has(policy_id)) report(`${path}/${index}/policy_id`, `"${policy_id}" occurs twice`);
    seen.add(policy_id);
    checkVersions(versions, `${path}/${index}/versions`, report);
    versions.forEach((version, at) => checkCalendarId(version.calendar_id, { ...place, path: `${path}/${index}/versions/${at}` }));
  });
}

function checkStatusMap(map: Readonly<Record<string, string>>, path: string, report: Report): void {
  const seen = new Map<string, string>();
  for (const status of Object.keys(map)) {
    const same = seen.get(statusKey(status));
    if (same !== undefined) report(`${path}/${member(status)}`, `"${status}" and "${same}" are one status`);
    seen.set(statusKey(status), status);
  }
}

function checkIntegration(integration: Integration, place: Place): void {
  const { path, report } = place;
  checkCalendarId(integration.calendar_id, place);
  checkStatusMap(integration.status_map ?? {}, `${path}/status_map`, report);
  checkPolicies(integration.policies ?? [], { ...place, path: `${path}/policies` });
  for (const [agent, { shifts = [] }] of Object.entries(integration.agents ?? {})) {
    shifts.forEach((shift, index) => {
      const at = `${path}/agents/${member(agent)}/shifts/${index}`;
      checkCalendarId(shift.calendar_id, { ...place, path: at });
      if (Date.parse(shift.to) <= Date.parse(shift.from)) report(`${at}/to`, `${shift.to} is not after ${shift.from}`);
    });
  }
}

/** @param known calendars that may be referred to. */
export function crossProblems(desk: Desk, known: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message) => void problems.push({ path, message });
  const calendars = new Set(known);
  checkCalendars(desk.calendars ?? [], report);
  checkIntegration(desk.defaults ?? {}, { path: '/defaults', report, calendars });
  for (const [id, integration] of Object.entries(desk.integrations ?? {})) checkIntegration(integration, { path: `/integrations/${member(id)}`, report, calendars });
  return problems;
}
