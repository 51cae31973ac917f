import { describe, expect, it } from 'vitest';
import { assigned, created, customer, reply, status, told } from '../ticket/testing/tell.ts';
import { agentsRow } from './facts.ts';

const at = (clock: string): number => Date.parse(`2026-03-02T${clock}:00.000Z`);

describe('a row of ticket_facts', () => {
  const row = agentsRow(told(
    created('10:00'), assigned('10:10', 'lea', 'billing'), assigned('10:20', 'max'), reply('10:25', 'max'), status('10:40', 'solved', { actorId: 'max' })));

  it('has a station for each holder, nobody included, and who lost it unanswered', () => {
    expect(row.stations.map(({ station_no, agent_id, assigned_at, ended_at, ended_by }) => [station_no, agent_id, assigned_at, ended_at, ended_by])).toEqual([
      [1, '', at('10:00'), at('10:10'), 'reassigned'], [2, 'lea', at('10:10'), at('10:20'), 'reassigned'], [3, 'max', at('10:20'), null, '']]);
    expect(row.stations).toMatchObject([
      { is_bounced: false }, { is_bounced: true, is_handoff_out: true, held_ms: 600_000 },
      { is_handoff_in: true, from_agent_id: 'lea', public_replies: 1, first_public_reply_at: at('10:25'), first_response_from: at('10:20'), first_response_business_ms: 300_000 }]);
  });

  it('has turns, solves, actions and the periods in which somebody held it', () => {
    expect(row.turns).toMatchObject([{ turn_no: 1, agent_id: 'max', replied_at: at('10:25'), wait_no: 1, answered_at: at('10:25'), wait_business_ms: 1_500_000, is_first_response: true }]);
    expect(row.solves).toEqual([{ resolution_no: 1, solved_at: at('10:40'), solved_by_type: 'agent', solved_by_id: 'max', queue_id: 'billing', reopened_at: null }]);
    expect(row.actions).toEqual([{ at: at('10:25'), step_no: 4, agent_id: 'max', kind: 'reply' }, { at: at('10:40'), step_no: 5, agent_id: 'max', kind: 'status_change' }]);
    expect(row.held).toEqual([{ held_from: at('10:10'), held_to: at('10:20'), agent_id: 'lea' }, { held_from: at('10:20'), held_to: at('10:40'), agent_id: 'max' }]);
  });

  it('has what it adds to each agent in each hour', () => {
    expect(row.hours).toMatchObject([
      { hour: Date.UTC(2026, 2, 2, 10), agent_id: 'lea', assigned: 1, handoffs_out: 1, bounced_assignments: 1, replies: 0, held_change: 0, held_seconds_beyond: 600 },
      { agent_id: 'max', assigned: 1, handoffs_in: 1, replies: 1, reply_turns: 1, first_responses: 1, private_notes: 0, solves: 1, held_change: 0, held_seconds_beyond: 1200 }]);
  });

  it('ends what is held now in 2106, and numbers a wait 0 that there was not', () => {
    const open = agentsRow(told(created('10:00', { hasMessage: false }), assigned('10:10', 'lea'), reply('10:15', 'lea')));
    expect(open).toMatchObject({ status_category: 'new', running_since: at('10:15'), held: [{ held_to: Date.UTC(2106, 0, 1) }], turns: [{ wait_no: 0, waiting_since: null }] });
  });

  it('knows no customer while the ticket is provisional', () => {
    expect(agentsRow(told(customer('10:00')))).toMatchObject({ customer_telegram_user_id: null, created_at: at('10:00') });
  });
});
