import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BoundedRun } from '../acceptance/criteria.ts';
import { ExitCode, type Register } from '../context.ts';
import { version } from '../version.ts';

const RUN_TIMEOUT_MS = 60_000;

/** `aol acceptance`: shows on the running installation what it must do, and writes it down. */
export const registerAcceptance: Register = (program, run) => {
  program
    .command('acceptance')
    .description(
      'check the acceptance criteria on the installation that runs here, with evidence; queues proofs and sends nothing',
    )
    .option('--report <file>', 'also write the dated report to this file')
    .action((options: { report?: string }) =>
      run(async ({ config: load, print }) => {
        const config = await load();
        const { databaseUrl } = await import('../settings.ts');
        const { createPool } = await import('../../db/pool.ts');
        const { childEnvironment } = await import('../../config/index.ts');
        const { proveAll } = await import('../acceptance/criteria.ts');
        const { connectClient } = await import('../client.ts');
        const { LOCAL } = await import('../contexts.ts');
        const { findTarget } = await import('../target.ts');
        // Where its database is, and what it runs.
        const target = findTarget(config, LOCAL);
        const { url } = target;
        const client = connectClient(target);
        const db = createPool({ databaseUrl: databaseUrl(config), applicationName: 'aol-cli', maxConnections: 1 });
        try {
          const mainFile = fileURLToPath(new URL('../main.js', import.meta.url));
          const boundedRun = () =>
            new Promise<BoundedRun>((resolve) => {
              const args = [mainFile, 'run', '--ticks', '1', '--proof'];
              execFile(process.execPath, args, { env: childEnvironment(), timeout: RUN_TIMEOUT_MS }, (error, _, talk) =>
                resolve({ hasEnded: error === null || !error.killed, isOk: error === null, talk: talk.trim() }),
              );
            });
          const criteria = await proveAll({ client, db, url, boundedRun });
          const at = new Date().toISOString();
          const holds = criteria.every((criterion) => criterion.holds);
          const report = [
            `# Acceptance of ${url}`,
            '',
            `${at}, AOL ${version()}: ${criteria.filter((one) => one.holds).length} of ${criteria.length} hold.`,
            '',
            '| criterion | holds | evidence |',
            '|---|---|---|',
            ...criteria.map(
              (one) =>
                `| ${one.name} | ${one.holds ? 'yes' : 'NO'} | ${one.evidence.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`,
            ),
          ].join('\n');
          if (options.report !== undefined) writeFileSync(options.report, `${report}\n`);
          print({ at, version: version(), url, holds, criteria }, () => report);
          return holds ? ExitCode.ok : ExitCode.failed;
        } finally {
          await db.end();
        }
      }),
    );
};
