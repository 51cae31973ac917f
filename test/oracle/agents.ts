// Who the agents are and what they hold. An agent belongs to one integration; automation never
// appears here.
import { isAgentsTurn } from './statuses.ts';
import { humanActor } from './tickets.ts';
import { stateAt, type Timeline } from './timeline.ts';

export function agentsOf(timelines: readonly Timeline[]): string[] {
  const agents = new Set<string>();
  for (const timeline of timelines) {
    for (const step of timeline.steps) {
      const actor = humanActor(step);
      if (actor !== null) agents.add(actor);
      if (step.after.assignee !== '') agents.add(step.after.assignee);
    }
  }
  return [...agents].sort();
}

export function integrationsOf(timelines: readonly Timeline[]): string[] {
  return [...new Set(timelines.map((t) => t.integration_id))].sort();
}

/** Tickets in new+open that the agent holds after an instant. */
export function openHeld(agent: string, tenant: readonly Timeline[], instant: number): number {
  return tenant.filter((timeline) => {
    const state = stateAt(timeline, instant);
    return state !== null && agent !== '' && state.assignee === agent && isAgentsTurn(state.category);
  }).length;
}
