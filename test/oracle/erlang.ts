// Erlang C as the textbook has it, term by term in logarithms.

function logFactorial(n: number): number {
  let sum = 0;
  for (let i = 2; i <= n; i++) sum += Math.log(i);
  return sum;
}

/** P(wait) of a load in mean busy agents. */
export function erlangC(load: number, agents: number): number {
  if (load <= 0) return 0;
  if (agents <= load) return 1;
  const term = (n: number): number => n * Math.log(load) - logFactorial(n);
  const waiting = term(agents) + Math.log(agents / (agents - load));
  const ratios = Array.from({ length: agents }, (_, n) => Math.exp(term(n) - waiting));
  return 1 / (1 + ratios.reduce((sum, ratio) => sum + ratio, 0));
}

/** Share answered within a time, given in mean handling times. */
export const answeredWithin = (load: number, agents: number, withinHandles: number): number =>
  load <= 0 ? 1 : agents <= load ? 0 : 1 - erlangC(load, agents) * Math.exp(-(agents - load) * withinHandles);
