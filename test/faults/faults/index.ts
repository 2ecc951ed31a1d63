/** Every fault, in the order in which they are run. */

import type { Fault } from '../support/fault.ts';
import { cancelFaults } from './cancel.ts';
import { deployFaults } from './deploy.ts';
import { floodFaults } from './flood.ts';
import { hangingFaults } from './hanging.ts';
import { killFaults } from './kill.ts';
import { leaseFaults } from './lease.ts';
import { networkFaults } from './network.ts';
import { ownerFaults } from './owner.ts';
import { paceFaults } from './pace.ts';
import { pauseFaults } from './pause.ts';
import { poisonFaults } from './poison.ts';
import { postgresFaults } from './postgres.ts';
import { proofFaults } from './proof.ts';
import { receiverFaults } from './receiver.ts';
import { retentionFaults } from './retention.ts';
import { secretFaults } from './secrets.ts';
import { startFaults } from './starts.ts';
import { storageFaults } from './storage.ts';
import { stormFaults } from './storm.ts';
import { temporalFaults } from './temporal.ts';
import { tickFaults } from './tick.ts';
import { wickedFaults } from './wicked.ts';
import { workerFaults } from './worker.ts';
import { zombieFaults } from './zombie.ts';

export const allFaults: readonly Fault[] = [
  ...workerFaults,
  ...zombieFaults,
  ...poisonFaults,
  ...wickedFaults,
  ...leaseFaults,
  ...ownerFaults,
  ...tickFaults,
  ...cancelFaults,
  ...temporalFaults,
  ...startFaults,
  ...postgresFaults,
  ...networkFaults,
  ...receiverFaults,
  ...paceFaults,
  ...hangingFaults,
  ...storageFaults,
  ...retentionFaults,
  ...stormFaults,
  ...proofFaults,
  ...secretFaults,
  ...deployFaults,
  ...floodFaults,
  ...pauseFaults,
  ...killFaults,
];
