// What services say of themselves.
import { waitUntil, type Service } from './processes.ts';
import { projections, type FaultStack } from './stack.ts';

export interface Readiness {
  readonly status: number;
  readonly reason: string;
  readonly warnings: readonly string[];
}

export async function readinessOf(service: Service): Promise<Readiness> {
  const answer = await fetch(`${service.url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
  const { reason = '', warnings = [] } = (await answer.json()) as { reason?: string; warnings?: string[] };
  return { status: answer.status, reason, warnings };
}

/** Every service is ready all the same, and has this to say; null for nothing. @throws Error after a while. */
export const everyServiceWarns = async (stack: FaultStack, of: RegExp | null): Promise<void> => {
  await Promise.all(['ingress', ...projections].map((name) => waitUntil(async () => {
    const { status, warnings } = await readinessOf(stack.get(name));
    return status === 200 && (of === null ? warnings.length === 0 : warnings.some((warning) => of.test(warning)));
  }, `${name} to be ready with ${of === null ? 'no warning' : String(of)}`, 30_000)));
};
