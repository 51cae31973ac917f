import { describe, expect, it } from 'vitest';
import { created, customer, status, time, told } from '../testing/tell.ts';

const findings = (story: ReturnType<typeof told>): unknown[] => story.findings.map(({ rule, occurrences }) => `${rule} ${occurrences}`);

describe('data quality', () => {
  it('has nothing to say of a clean ticket', () => {
    expect(findings(told(created('10:00'), customer('10:01'), status('10:02', 'open', { previousStatus: 'new' })))).toEqual([]);
  });

  it('finds a missing and a repeated creation', () => {
    expect(findings(told(customer('10:00')))).toEqual(['creation_missing 1']);
    expect(findings(told(created('10:00'), created('10:01'), created('10:02')))).toEqual(['creation_repeated 2']);
  });

  it('finds events before the creation', () => {
    expect(findings(told(customer('09:00'), customer('09:01'), created('10:00')))).toEqual(['event_before_creation 2']);
  });

  it('finds times later than their receipt, which count all the same', () => {
    const story = told(created('10:00'), customer('10:05', { receivedAt: time('10:04') }));
    expect(findings(story)).toEqual(['future_time 1']);
    expect(story.customerMessages).toBe(2);
  });

  it('finds unknown statuses, each time, at the creation too; they count as open', () => {
    const story = told(created('10:00', { newStatus: 'triage' }), status('10:01', 'limbo'), status('10:02', 'limbo'), status('10:03', 'open'));
    expect(findings(story)).toEqual(['unknown_status 3']);
    expect(story.intervals.map(({ status: { category } }) => category)).toEqual(['open', 'open', 'open']);
  });

  it('finds a previous_status that contradicts the timeline, whose order wins', () => {
    const story = told(created('10:00'), status('10:01', 'open', { previousStatus: 'pending' }), status('10:02', 'resolved', { previousStatus: 'pending' }));
    expect(findings(story)).toEqual(['status_contradiction 1']);
    expect(story.status.name).toBe('resolved');
  });

  it('lets the first previous_status be, where ticket.created named no status, but not where it did', () => {
    expect(findings(told(created('10:00'), status('10:01', 'open', { previousStatus: 'triage' })))).toEqual([]);
    expect(findings(told(created('10:00', { newStatus: 'pending' }), status('10:01', 'open', { previousStatus: 'new' })))).toEqual(['status_contradiction 1']);
  });

  it('compares statuses by their key, and takes an absent previous_status for no contradiction', () => {
    expect(findings(told(created('10:00', { newStatus: 'in_progress' }), status('10:01', 'open', { previousStatus: ' In-Progress' }), status('10:02', 'pending')))).toEqual([]);
  });
});

it('clock skew is the largest absolute difference between body time and event time, ignored creations left out', () => {
  const skewed = (shift: number): { bodyAt: number } => ({ bodyAt: time('10:00') + shift });
  expect(told(created('10:00', skewed(-5000)), created('10:00', { ...skewed(90_000), eventId: 'z' })).clockSkewMs).toBe(5000);
});
