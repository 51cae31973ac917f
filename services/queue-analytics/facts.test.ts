import { describe, expect, it } from 'vitest';
import { assigned, created, customer, escalated, reply, status, told } from '../ticket/testing/tell.ts';
import { queueRow } from './facts.ts';

const at = (clock: string): number => Date.parse(`2026-03-02T${clock}:00.000Z`);

describe('a row of ticket_facts', () => {
  it('tells a whole life in the columns of its table', () => {
    const row = queueRow(told(
      created('10:00', { newStatus: 'New' }), assigned('10:10', 'lea', 'billing'), reply('10:15', 'lea'), status('10:20', 'pending'), status('10:50', 'Resolved')));
    expect(row).toMatchObject({
      is_provisional: 0, created_at: at('10:00'), first_event_at: at('10:00'), last_event_at: at('10:50'), running_since: at('10:50'),
      running_since_clock: Date.UTC(2026, 2, 2, 10, 50), customer_telegram_user_id: 42, channel_type: 'direct_message',
      status: 'Resolved', status_category: 'solved', queue_id: 'billing', assignee_id: 'lea', first_queue_id: 'billing',
      response_due_from: at('10:00'), first_response_at: at('10:15'), first_response_agent_id: 'lea', first_response_business_ms: 900_000,
      first_solved_at: at('10:50'), last_solved_at: at('10:50'), closed_at: null, full_resolution_business_ms: 3_000_000,
      work_ms: 1_200_000, pending_ms: 1_800_000, unassigned_ms: 600_000, held_ms: 600_000, reopens: 0, agent_replies: 1, stations: 1, findings: [],
    });
    expect(row.waits).toMatchObject([{ wait_no: 1, waiting_since: at('10:00'), ended_at: at('10:15'), ended_by: 'agent_reply', wait_business_ms: 900_000, own_clock_from: at('10:10'), agent_wait_business_ms: 300_000 }]);
    expect(row.resolutions).toMatchObject([{ resolution_no: 1, solved_at: at('10:50'), cycle_started_at: at('10:00'), pending_ms: 1_800_000, reopened_at: null }]);
    expect(row.hours).toMatchObject([
      { hour: Date.UTC(2026, 2, 2, 10), queue_id: '', created: 1, moved_out: 1, waits_started: 1, waiting_change: 0 },
      { queue_id: 'billing', moved_in: 1, solved: 1, restored: 0, discarded: 0, first_responses: 1, waits_started: 0, waiting_change: 0 }]);
    expect(row.edges.map(({ activity }) => activity)).toEqual(['created', 'assigned', 'agent_reply', 'status_pending', 'solved']);
  });

  it('ends what lasts in 2106, and leaves NULL what has not happened', () => {
    const row = queueRow(told(created('10:00')));
    expect(row.intervals).toMatchObject([{ valid_from: at('10:00'), valid_to: Date.UTC(2106, 0, 1) }]);
    expect(row.waits).toMatchObject([{ ended_at: null, wait_business_ms: null, own_clock_from: null }]);
    expect(row).toMatchObject({ first_response_at: null, first_response_business_ms: null, first_solved_at: null, full_resolution_business_ms: null });
  });

  it('is provisional and empty where only a creation could tell', () => {
    expect(queueRow(told(customer('10:00')))).toMatchObject({
      is_provisional: 1, customer_telegram_user_id: null, customer_language_code: '', channel_type: '', metadata: '',
      findings: [{ rule: 'creation_missing', occurrences: 1 }],
    });
  });

  it('keeps the last solve after a reopening, and no closing', () => {
    const row = queueRow(told(created('10:00'), status('10:10', 'closed'), status('10:20', 'open')));
    expect(row).toMatchObject({ last_solved_at: at('10:10'), full_resolution_business_ms: 600_000, closed_at: null, reopens: 1 });
    expect(row.resolutions).toMatchObject([{ reopened_at: at('10:20') }]);
  });

  it('has an escalation with the CRM\'s words and the next human action', () => {
    expect(queueRow(told(created('10:00'), escalated('10:05'), reply('10:07', 'lea'))).escalations).toEqual([{
      event_id: 'event-002', fired_at: at('10:05'), policy_id: 'crm', policy_name: '', breached_metric: 'first_response_time', threshold_seconds: 60, elapsed_seconds: null,
      level: '2', escalated_to_type: '', escalated_to_id: '', status_category: 'new', queue_id: '', assignee_id: '',
      acknowledged_at: at('10:07'), acknowledged_by_id: 'lea', acknowledge_business_ms: 120_000,
    }]);
  });
});
