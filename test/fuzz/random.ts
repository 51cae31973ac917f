// What is made up is the same in every run with one seed, so that what broke the door can be sent again.
import { randomFrom, type Random } from '../../infra/demo/random.ts';

export interface Choices extends Random {
  /** From 0 up to `end`, which is not among them. */
  below(end: number): number;
  bytes(length: number): Buffer;
}

export function choicesFrom(seed: number): Choices {
  const random = randomFrom(`fuzz ${seed}`);
  const below = (end: number): number => random.int(0, end - 1);
  return { ...random, below, bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))) };
}
