// What every page needs to know of the tenant that is looked at: its range, its filters' choices, and what people call things.
import { createContext } from 'preact';
import { useContext, useMemo } from 'preact/hooks';
import { useAnswer, instantOf, textOf, type Asked, type Refused, type Row } from './api.ts';
import { usePlace } from './address.ts';
import { browserZone, dayOf, plusDays, zoneOr } from './format.ts';
import { t } from './texts/text.ts';

export interface Desk {
  readonly tenant: string;
  readonly tenants: readonly string[];
  /** First and last day of the range, local. */
  readonly from: string;
  readonly to: string;
  readonly lastDay: string;
  readonly zone: string;
  readonly clock: 'elapsed' | 'business';
  /** Whether who looks may see the insides of the pipeline. */
  readonly isOperator: boolean;
  readonly queues: readonly string[];
  readonly channels: readonly string[];
  readonly languages: readonly string[];
  readonly queueName: (id: string) => string;
  readonly agentName: (id: string) => string;
  /** What every query is asked with. */
  readonly query: URLSearchParams;
}

const DAYS = 14;
const FILTERS = ['queue', 'channel', 'language'] as const;

const DeskContext = createContext<Desk | null>(null);
export const DeskProvider = DeskContext.Provider;

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error('a page is shown without a desk');
  return desk;
}

const listOf = (row: Row | undefined, name: string): string[] => {
  const cell = row?.[name];
  return Array.isArray(cell) ? cell.map((item) => textOf(item as string)) : [];
};

const namesOf = ({ answer }: Asked, id: string, name: string): ReadonlyMap<string, string> =>
  new Map((answer?.rows ?? []).map((row) => [textOf(row[id]), textOf(row[name])]));

export interface Found {
  /** Null while it is not known, or when there is none. */
  readonly desk: Desk | null;
  readonly error: Refused | null;
  readonly isEmpty: boolean;
  /** Whether the address names a tenant that is not there for who looks. */
  readonly isForeign: boolean;
}

/** The desk that the address means: the first tenant, and its last two weeks, unless it says otherwise. */
export function useFoundDesk(isOperator: boolean): Found {
  const { query: address } = usePlace();
  const tenants = useAnswer('desk/tenants', new URLSearchParams());
  const rows = tenants.answer?.rows ?? [];
  const wanted = address.get('tenant') ?? textOf(rows[0]?.['integration_id']);
  const row = rows.find((candidate) => candidate['integration_id'] === wanted);
  const asked = new URLSearchParams({ tenant: wanted });
  const name = wanted === '' ? null : wanted;
  const choices = useAnswer(name === null ? null : 'desk/choices', asked).answer?.rows[0];
  const queueNames = useAnswer(name === null ? null : 'desk/queue-names', asked);
  const agentNames = useAnswer(name === null ? null : 'desk/agent-names', asked);
  const desk = useMemo(() => {
    if (name === null || tenants.answer === null) return null;
    const zone = zoneOr(address.get('zone'), browserZone());
    const lastDay = dayOf(instantOf(row?.['last_event_at']) ?? Date.now(), zone);
    const to = address.get('to') ?? lastDay;
    const from = address.get('from') ?? plusDays(to, 1 - DAYS);
    const clock = address.get('clock') === 'business' ? 'business' as const : 'elapsed' as const;
    const query = new URLSearchParams({ tenant: wanted, from, to, zone, clock });
    for (const filter of FILTERS) for (const value of address.getAll(filter)) query.append(filter, value);
    const [queuesById, agentsById] = [namesOf(queueNames, 'queue_id', 'queue_display_name'), namesOf(agentNames, 'agent_id', 'agent_display_name')];
    const named = (names: ReadonlyMap<string, string>, id: string): string => names.get(id) || id;
    return {
      tenant: wanted, tenants: rows.map((each) => textOf(each['integration_id'])), from, to, lastDay, zone, clock, isOperator, query,
      queues: listOf(choices, 'queues'), channels: listOf(choices, 'channels'), languages: listOf(choices, 'languages'),
      queueName: (id: string) => (id === '' ? t('no_queue') : named(queuesById, id)),
      agentName: (id: string) => (id === '' ? t('nobody') : named(agentsById, id)),
    };
  }, [address.toString(), tenants.answer, choices, queueNames.answer, agentNames.answer]);
  return { desk, error: tenants.error, isEmpty: tenants.answer !== null && rows.length === 0, isForeign: tenants.answer !== null && row === undefined };
}
