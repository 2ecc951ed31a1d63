import type { PruneResult } from '../../db/keep/prune.ts';
import { AGE_RULE, parseAgeMs } from '../../domain/ages.ts';
import { ExitCode, type Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withProgress } from '../terminal/progress.ts';
import { fields } from '../terminal/text.ts';
import { when } from '../terminal/time.ts';

/** The log is looked through as a whole, which takes longer than other statements may. */
const STATEMENT_TIMEOUT_MS = 60_000;

/** `aol prune`: retention. */
export const registerPrune: Register = (program, run) => {
  program
    .command('prune')
    .description('delete old finished actions with their artifacts, log and ledger rows, while AOL runs')
    .requiredOption('--older-than <age>', 'finished at least this long ago, e.g. 90d or 36h')
    .option('--dry-run', 'only count', false)
    .action((options: { olderThan: string; dryRun: boolean }) =>
      run(async (context) => {
        const olderThanMs = parseAge(options.olderThan);
        const config = await context.config();
        const { artifactLocation, databaseUrl } = await import('../settings.ts');
        const { createArtifactStore, createBlobStoreAt } = await import('../../artifacts/index.ts');
        const { createPool } = await import('../../db/pool.ts');
        const { prune } = await import('../../db/keep/prune.ts');
        const pool = createPool({
          databaseUrl: databaseUrl(config),
          applicationName: 'aol-cli',
          maxConnections: 1,
          statementTimeoutMs: STATEMENT_TIMEOUT_MS,
        });
        try {
          const location = artifactLocation(config);
          const store = { ...createArtifactStore(location), blobs: createBlobStoreAt(location) };
          const { dryRun } = options;
          const { signal } = context.io;
          const title = dryRun ? 'counting' : 'pruning';
          const result = await withProgress(context.io, title, () =>
            prune(pool, store, { olderThanMs, dryRun, signal }),
          );
          context.print(result, () => words(result));
          return result.failures.length === 0 ? ExitCode.ok : ExitCode.failed;
        } finally {
          await pool.end();
        }
      }),
    );
};

/** @throws UsageError */
function parseAge(text: string): number {
  const ageMs = parseAgeMs(text);
  if (ageMs === undefined) throw new UsageError(`--older-than is ${AGE_RULE}`);
  return ageMs;
}

function words(result: PruneResult): string {
  const counts = fields([
    ['actions', result.actions],
    ['artifacts', result.artifacts],
    ['log rows', result.logs],
    ['ledger rows', result.ticks],
    ['leftover files', result.leftovers],
  ]);
  const failures = result.failures.map(({ uri, reason }) => `\nNOT REMOVED ${uri}: ${reason}`).join('');
  return `${result.dryRun ? 'would delete' : 'deleted'}, older than ${when(result.before.toISOString())}:\n${counts}${failures}`;
}
