/** Every fault, in the order in which they are run. */

import type { Fault } from '../support/fault.ts';
import { killFaults } from './kill.ts';
import { networkFaults } from './network.ts';
import { poisonFaults } from './poison.ts';
import { postgresFaults } from './postgres.ts';
import { receiverFaults } from './receiver.ts';
import { temporalFaults } from './temporal.ts';
import { workerFaults } from './worker.ts';
import { zombieFaults } from './zombie.ts';

export const allFaults: readonly Fault[] = [
  ...workerFaults,
  ...zombieFaults,
  ...poisonFaults,
  ...temporalFaults,
  ...postgresFaults,
  ...networkFaults,
  ...receiverFaults,
  ...killFaults,
];
