/** Brings a database to this version's schema. Safe when several processes do it at once. */

import knexFactory, { type Knex } from 'knex';
import pg from 'pg';
import { type SchemaStep, schemaSteps } from '../../../migrations/index.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import { databaseError } from '../errors.ts';
import { installEngineSql, removeEngineSql } from './engine-sql.ts';
import { checkServer } from './requirements.ts';

/** Any 64-bit number that nobody else uses: `aol` in ASCII. */
const MIGRATION_LOCK = 0x616f6c;
const MIGRATIONS_TABLE = 'aol_migrations';

class ListedSteps implements Knex.MigrationSource<SchemaStep> {
  getMigrations(): Promise<SchemaStep[]> {
    return Promise.resolve([...schemaSteps]);
  }
  getMigrationName(step: SchemaStep): string {
    return step.name;
  }
  getMigration(step: SchemaStep): Promise<Knex.Migration> {
    return Promise.resolve({ up: step.up, down: step.down });
  }
}

/**
 * Runs the steps that are missing, each in its own transaction, and puts the engine's functions in place. Processes that migrate at once wait for one another
 * on an advisory lock, which ends with its connection; so a lock row left by a killed process is freed first.
 *
 * @param only these steps: the schema of an older version, which the engine does not run on
 * @param signal gives up before the first step, or before the next of these
 * @throws ConfigurationError when a newer version of AOL has migrated this database, or AOL cannot use it as it is
 */
export async function migrate(
  databaseUrl: string,
  log: (line: string) => void = () => undefined,
  only?: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  await checkServer(databaseUrl);
  await withMigrationLock(databaseUrl, signal, async (knex, client) => {
    const done = await applied(knex);
    refuseUnknown(done);
    await knex.migrate.forceFreeMigrationsLock();
    if (only) {
      refuseUnknown(only);
      for (const name of only) {
        signal?.throwIfAborted();
        if (!done.includes(name)) await knex.migrate.up({ name });
      }
      return;
    }
    const [, names]: [number, string[]] = await knex.migrate.latest();
    if (names.length > 0 || (await mayCreate(client))) await installEngineSql(client);
    log(names.length === 0 ? 'the schema is up to date' : `migrated: ${names.join(', ')}`);
  });
}

function refuseUnknown(steps: readonly string[]): void {
  const unknown = steps.filter((name) => !schemaSteps.some((step) => step.name === name));
  if (unknown.length === 0) return;
  const message = `this database was migrated by a newer version of AOL (${unknown.join(', ')}): run that version`;
  throw new ConfigurationError('DATABASE_URL', message);
}

/** A user who may change rows and nothing else, such as that of worker and API in compose, finds the functions as a migration left them. */
async function mayCreate(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    `SELECT has_schema_privilege(current_schema(), 'CREATE') AS may`,
  );
  return rows[0]?.may === true;
}

/** Takes every step back, newest first. All data of AOL goes with it. The signal counts before the first. */
export async function migrateDown(databaseUrl: string, signal?: AbortSignal): Promise<void> {
  await withMigrationLock(databaseUrl, signal, async (knex, client) => {
    await knex.migrate.forceFreeMigrationsLock();
    await removeEngineSql(client);
    await knex.migrate.rollback(undefined, true);
  });
}

/** The names of the steps that a database lacks. */
export async function pendingSteps(databaseUrl: string): Promise<string[]> {
  const done = await migratedSteps(databaseUrl);
  return schemaSteps.map((step) => step.name).filter((name) => !done.includes(name));
}

/** The names of the steps that a database has, in their order; none where AOL never was. */
export async function migratedSteps(databaseUrl: string): Promise<string[]> {
  const knex = connect(databaseUrl);
  try {
    return await applied(knex);
  } catch (error) {
    throw databaseError(error);
  } finally {
    await knex.destroy();
  }
}

async function applied(knex: Knex): Promise<string[]> {
  if (!(await knex.schema.hasTable(MIGRATIONS_TABLE))) return [];
  const rows: { name: string }[] = await knex(MIGRATIONS_TABLE).select('name').orderBy('id');
  return rows.map((row) => row.name);
}

async function withMigrationLock(
  databaseUrl: string,
  signal: AbortSignal | undefined,
  work: (knex: Knex, client: pg.Client) => Promise<void>,
): Promise<void> {
  const lock = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  lock.on('error', () => undefined);
  const knex = connect(databaseUrl);
  // Whether it still says good-bye to the server changes nothing: its lock ends with it.
  const close = () => lock.end().catch(() => undefined);
  const stopWaiting = () => void close();
  try {
    await lock.connect();
    signal?.throwIfAborted();
    signal?.addEventListener('abort', stopWaiting);
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    signal?.removeEventListener('abort', stopWaiting);
    signal?.throwIfAborted();
    await work(knex, lock);
  } catch (error) {
    throw databaseError(error);
  } finally {
    signal?.removeEventListener('abort', stopWaiting);
    await knex.destroy();
    await close();
  }
}

function connect(databaseUrl: string): Knex {
  return knexFactory({
    client: 'pg',
    connection: { connectionString: databaseUrl, connectionTimeoutMillis: 5_000 },
    pool: { min: 0, max: 1 },
    migrations: { migrationSource: new ListedSteps(), tableName: MIGRATIONS_TABLE },
  });
}
