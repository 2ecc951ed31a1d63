/** The steps of the schema, in order. */

import type { Knex } from 'knex';
import * as fiveTables from './0001_five_tables.ts';
import * as effectsInOneTrip from './0002_effects_in_one_trip.ts';
import * as controlPlane from './0003_control_plane.ts';
import * as quickRules from './0005_quick_rules.ts';
import * as approvalsRunOut from './0006_approvals_run_out.ts';
import * as fewerIndexEntries from './0007_fewer_index_entries.ts';
import * as oneWalkAClaim from './0008_one_walk_a_claim.ts';
import * as roles from './0009_roles.ts';
import * as sessions from './0010_sessions.ts';
import * as oneExit from './0011_one_exit.ts';
import * as preparations from './0012_preparations.ts';
import * as accounts from './0013_accounts.ts';
import * as blobs from './0014_blobs.ts';
import * as autonomy from './0015_autonomy.ts';
import * as aheadOfTime from './0016_ahead_of_time.ts';
import * as dueAndRendered from './0018_due_and_rendered.ts';
import * as notices from './0019_notices.ts';
import * as people from './0020_people.ts';
import * as budgets from './0022_budgets.ts';
import * as laterRunOwns from './0024_later_run_owns.ts';
import * as noticesOfApprovers from './0025_notices_of_approvers.ts';
import * as heldByClaim from './0026_held_by_claim.ts';
import * as oldestHeld from './0027_oldest_held.ts';

export interface SchemaStep {
  readonly name: string;
  readonly up: (knex: Knex) => Promise<void>;
  readonly down: (knex: Knex) => Promise<void>;
}

export const schemaSteps: readonly SchemaStep[] = [
  { name: '0001_five_tables', ...fiveTables },
  { name: '0002_effects_in_one_trip', ...effectsInOneTrip },
  { name: '0003_control_plane', ...controlPlane },
  { name: '0005_quick_rules', ...quickRules },
  { name: '0006_approvals_run_out', ...approvalsRunOut },
  { name: '0007_fewer_index_entries', ...fewerIndexEntries },
  { name: '0008_one_walk_a_claim', ...oneWalkAClaim },
  { name: '0009_roles', ...roles },
  { name: '0010_sessions', ...sessions },
  { name: '0011_one_exit', ...oneExit },
  { name: '0012_preparations', ...preparations },
  { name: '0013_accounts', ...accounts },
  { name: '0014_blobs', ...blobs },
  { name: '0015_autonomy', ...autonomy },
  { name: '0016_ahead_of_time', ...aheadOfTime },
  { name: '0018_due_and_rendered', ...dueAndRendered },
  { name: '0019_notices', ...notices },
  { name: '0020_people', ...people },
  { name: '0022_budgets', ...budgets },
  { name: '0024_later_run_owns', ...laterRunOwns },
  { name: '0025_notices_of_approvers', ...noticesOfApprovers },
  { name: '0026_held_by_claim', ...heldByClaim },
  { name: '0027_oldest_held', ...oldestHeld },
];
