import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deskOf } from '../desk/desk.ts';
import { agentHours, type AgentHour } from './agent-hours.ts';
import { intervalAt, isHeld } from './intervals.ts';
import { storyOf, type Story } from '../story.ts';
import { busyDesk, histories } from '../testing/histories.ts';
import { assigned, created, note, reply, status, told } from '../testing/tell.ts';

const HOUR = 3_600_000;

/** Hour, agent, and every figure that is not 0. */
const toldOf = (hours: readonly AgentHour[]): unknown[] => hours.map(({ hour, agentId, ...figures }) =>
  [new Date(hour).toISOString().slice(11, 16), agentId, Object.fromEntries(Object.entries(figures).filter(([, n]) => n !== 0))]);

/** Whole seconds that an agent held the ticket within an hour; what lasts is taken to last on. */
function heldSeconds({ intervals }: Story, agentId: string, hour: number): number {
  const parts = intervals.filter((interval) => isHeld(interval) && interval.assigneeId === agentId)
    .map(({ validFrom, validTo }) => Math.max(0, Math.min(validTo ?? Infinity, hour + HOUR) - Math.max(validFrom, hour)));
  return Math.floor(parts.reduce((sum, part) => sum + part, 0) / 1000);
}

describe('the hours of an agent', () => {
  it('are half-open UTC hours with what the agent did, got and lost in them', () => {
    const story = told(
      created('10:00'), assigned('10:10', 'lea'), reply('10:20', 'lea'), note('10:30', 'ida'), reply('10:59:59', 'lea'),
      assigned('11:00', 'max'), assigned('11:15', 'ida'), reply('12:00', 'ida'), status('12:30', 'resolved', { actorId: 'ida' }));
    expect(toldOf(agentHours(story))).toEqual([
      ['10:00', 'ida', { privateNotes: 1 }],
      ['10:00', 'lea', { replies: 2, replyTurns: 1, firstResponses: 1, assigned: 1, heldChange: 1, heldSecondsBeyond: 3000 }],
      ['11:00', 'ida', { assigned: 1, handoffsIn: 1, heldChange: 1, heldSecondsBeyond: 2700 }],
      // Held at the hour's start, so 3,600 seconds are counted, and all of them are too many.
      ['11:00', 'lea', { handoffsOut: 1, heldChange: -1, heldSecondsBeyond: -3600 }],
      ['11:00', 'max', { assigned: 1, handoffsIn: 1, handoffsOut: 1, bouncedAssignments: 1, heldSecondsBeyond: 900 }],
      ['12:00', 'ida', { replies: 1, replyTurns: 1, solves: 1, heldChange: -1, heldSecondsBeyond: -1800 }]]);
  });

  it('cut to whole seconds what the agent held of the ticket in an hour, once for all of its parts', () => {
    const story = told(created('10:00'), assigned('10:00', 'lea'), assigned('10:01:00.6', 'max'), assigned('10:02', 'lea'), assigned('10:03:00.6', ''));
    // 60.6 + 60.6 seconds are 121, not 120; the part between, 59.4, is the other's.
    expect(agentHours(story).map(({ agentId, heldSecondsBeyond }) => [agentId, heldSecondsBeyond])).toEqual([['lea', 121], ['max', 59]]);
  });

  it('leave out stations of nobody and solves by rules', () => {
    const story = told(created('10:00'), assigned('10:10', '', 'billing'), status('10:30', 'resolved', { actorType: 'automation_rule', actorId: 'r1' }));
    expect(agentHours(story)).toEqual([]);
  });

  it('add up to what each agent held at and within every hour, for any history', () => {
    const desk = deskOf(busyDesk)('acme');
    fc.assert(fc.property(histories, (events) => {
      const story = storyOf(events, desk);
      const hours = agentHours(story);
      for (const { hour, agentId } of hours) {
        const own = hours.filter((h) => h.agentId === agentId);
        const held = (until: number): number => own.filter((h) => h.hour < until).reduce((sum, { heldChange }) => sum + heldChange, 0);
        const beyond = own.find((h) => h.hour === hour)?.heldSecondsBeyond ?? 0;
        const then = intervalAt(story.intervals, hour + HOUR - 1);
        expect(held(hour + HOUR)).toBe(then !== undefined && isHeld(then) && then.assigneeId === agentId ? 1 : 0);
        expect(3600 * held(hour) + beyond).toBe(heldSeconds(story, agentId, hour));
      }
    }), { seed: 11, numRuns: 1000 });
  });
});
