// What `npm audit --json` said.

export interface Verdict {
  readonly kind: 'clean' | 'holes' | 'not checked';
  readonly lines: readonly string[];
}

interface Report {
  readonly auditReportVersion?: number;
  readonly vulnerabilities?: Readonly<Record<string, { readonly name: string; readonly severity: string; readonly range: string; readonly fixAvailable: unknown }>>;
  readonly statusCode?: number;
  readonly message?: string;
  readonly error?: { readonly summary?: string; readonly code?: string };
}

function parsed(output: string): Report {
  try {
    return JSON.parse(output) as Report;
  } catch {
    return {};
  }
}

/** Nothing but a report is taken for one: an answer that is none says nothing about packages. */
export function verdictOf(output: string): Verdict {
  const { auditReportVersion, vulnerabilities, statusCode, message, error } = parsed(output);
  if (auditReportVersion === undefined || vulnerabilities === undefined) {
    const why = statusCode === undefined ? error?.summary || error?.code || message || 'npm gave no report' : `the registry answers ${statusCode} when it is asked for advisories`;
    return { kind: 'not checked', lines: [`${why}. Nothing is known of holes: ask a registry that has advisories (npm config set registry)`] };
  }
  const holes = Object.values(vulnerabilities);
  return { kind: holes.length === 0 ? 'clean' : 'holes', lines: holes.map(({ name, severity, range, fixAvailable }) => `${name} ${range}: ${severity}${fixAvailable === false ? '' : ', mended in another version'}`) };
}
