/** The steps of the schema, in order. */

import type { Knex } from 'knex';
import * as fiveTables from './0001_five_tables.ts';
import * as quickRules from './0005_quick_rules.ts';

export interface SchemaStep {
  readonly name: string;
  readonly up: (knex: Knex) => Promise<void>;
  readonly down: (knex: Knex) => Promise<void>;
}

export const schemaSteps: readonly SchemaStep[] = [
  { name: '0001_five_tables', ...fiveTables },
  { name: '0005_quick_rules', ...quickRules },
];
