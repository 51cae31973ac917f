// What a person writes behind the options that rebuild and snapshot share.
import { InvalidArgumentError } from 'commander';

export function instant(text: string): Date {
  const time = new Date(/^\d{4}-\d\d-\d\d$/.test(text) || /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('an ISO 8601 time, UTC unless it says otherwise');
  return time;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000) throw new InvalidArgumentError('a whole number from 1 to 100000');
  return value;
}
