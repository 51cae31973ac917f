// The fold as a projection runs it: what it reads, and which rows it keeps of a ticket. The runner knows nothing of tickets;
// it hands over what the queries answered.
import { deskOf, type Desk } from '../desk/desk.ts';
import { storyOf, type Story } from '../story.ts';
import { liveDeskOf, liveDeskQuery, type DeskAnswer } from './desk.ts';
import { eventOf, timelineColumns, type TimelineValues } from './timeline.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Rows by table, without whose they are. */
export type Keep = (story: Story, desk: Desk) => Readonly<Record<string, Row>>;

/** What a ticket's events say under one version of the configuration. */
export interface Told {
  readonly version: number;
  readonly rows: Readonly<Record<string, Row>>;
}

export interface Teller {
  readonly configVersion: number;
  readonly tell: (integrationId: string, events: readonly unknown[]) => Told;
}

export interface TicketFold {
  readonly columns: readonly string[];
  readonly configQuery: string;
  /** @param answer the row that answers the query. */
  readonly under: (answer: unknown) => Teller;
}

export const ticketFold = (keep: Keep): TicketFold => ({
  columns: timelineColumns,
  configQuery: liveDeskQuery,
  under: (answer) => {
    const { version, config } = liveDeskOf(answer as DeskAnswer);
    const desks = deskOf(config);
    return {
      configVersion: version,
      tell: (integrationId, events) => {
        const desk = desks(integrationId);
        const story = storyOf((events as readonly TimelineValues[]).map(eventOf), desk);
        return { version: story.version, rows: keep(story, desk) };
      },
    };
  },
});
