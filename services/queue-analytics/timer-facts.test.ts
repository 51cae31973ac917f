import { describe, expect, it } from 'vitest';
import { assigned, created, customer, reply, timersUnder, type Telling } from '../ticket/testing/tell.ts';
import { aPolicy } from '../ticket/testing/histories.ts';
import { timersRow, type TimersRow } from './timer-facts.ts';

const at = (clock: string): number => Date.parse(`2026-03-02T${clock}:00.000Z`);
const gold = { ...aPolicy, policyId: 'gold', version: 3, targetSeconds: { first_response: 600 } };
const rowOf = (...tellings: Telling[]): TimersRow => timersRow(timersUnder({ policies: { '': [gold] } }, ...tellings));

describe('a row of sla_timer_facts', () => {
  it('has timers in milliseconds and instants, open ends NULL', () => {
    expect(rowOf(created('10:00'), reply('10:20', 'lea')).timers).toEqual([{
      policy_id: 'gold', policy_version: 3, metric: 'first_response', instance: 1, started_at: at('10:00'), taken_over_at: at('10:00'), due_at: at('10:10'),
      remaining_ms: null, paused_ms: 0, paused_since: null, stopped_at: at('10:20'), fulfilled_at: at('10:20'), outcome: 'breached', judged_at: at('10:10'),
      agent_id_when_judged: '', queue_id_when_judged: '', queue_id_at_stop: '', calendar_id: '',
    }]);
  });

  it('has the breaches, in the queue at that moment', () => {
    expect(rowOf(created('10:00'), assigned('10:05', '', 'billing'), assigned('10:15', '', 'tech'), reply('10:20', 'lea')).breaches)
      .toEqual([{ at: at('10:10'), queue_id: 'billing', is_certain: true }]);
    expect(rowOf(created('10:00'), reply('10:10', 'lea')).breaches).toEqual([]);
  });

  it('has the breach to come of a timer that runs, which nothing makes certain yet', () => {
    expect(rowOf(created('10:00'), assigned('10:05', '', 'billing'), customer('10:06')).breaches).toEqual([{ at: at('10:10'), queue_id: 'billing', is_certain: false }]);
  });
});
