// escalation.fired: 1.1 added `elapsed_seconds`; 1.2 made `level` text, for levels such as `management`.
import type { Upcasters } from '../contract.ts';
import { numberToText } from '../upcasting.ts';

export const upcasters: Upcasters = {
  '1.0': (payload) => payload,
  '1.1': numberToText('level'),
  '1.2': numberToText('level'),
};
