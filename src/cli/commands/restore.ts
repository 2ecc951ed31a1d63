import { resolve } from 'node:path';
import { counted } from '../../contracts/words.ts';
import type { RestoreReport } from '../backup/restore.ts';
import { ExitCode, type Register } from '../context.ts';
import { confirm } from '../terminal/confirm.ts';
import { withProgress } from '../terminal/progress.ts';

/** `aol restore` */
export const registerRestore: Register = (program, run) => {
  program
    .command('restore <file>')
    .description(
      'restore a backup into an empty database. All lanes are then killed; what may have been sent since is UNCONFIRMED',
    )
    .option('--replace', 'first delete all data of AOL in the database', false)
    .option('--yes', 'do not ask', false)
    .action((file: string, { replace, yes }: { replace: boolean; yes: boolean }) =>
      run(async ({ io, config: load, print }) => {
        const config = await load();
        if (replace && !yes) {
          const { maskPassword } = await import('../../config/index.ts');
          const { url } = config.database;
          await confirm(io, {
            where: url === undefined ? `the data folder ${config.dataDir}` : maskPassword(url),
            what: `restore --replace deletes every action, log row and setting that the database holds, and restores ${file}`,
            question: 'Delete and restore?',
          });
        }
        const { restoreBackup } = await import('../backup/restore.ts');
        const { artifactLocation } = await import('../settings.ts');
        const { createArtifactStore } = await import('../../artifacts/index.ts');
        const { createPool } = await import('../../db/pool.ts');
        const { verifyArtifacts } = await import('../verify-artifacts.ts');
        const { withDatabase } = await import('../up/servers.ts');
        const folder = config.artifacts.folder;
        const report = await withProgress(io, 'restoring', ({ say }) =>
          withDatabase(config, { log: say, alone: true }, async (databaseUrl, signal) => {
            const target = { databaseUrl, artifactsFolder: folder, replace };
            const restored = await restoreBackup(resolve(file), target, say, signal);
            say('recomputing every SHA-256');
            const pool = createPool({ databaseUrl, applicationName: 'aol-cli', maxConnections: 1 });
            try {
              const store = createArtifactStore(artifactLocation(config));
              const { checked, intact, wrong } = await verifyArtifacts(pool, store, () => signal.throwIfAborted());
              return { ...restored, artifacts: { checked, intact, wrong } };
            } finally {
              await pool.end();
            }
          }),
        );
        print(report, () => words(report));
        return report.artifacts.wrong.length === 0 ? ExitCode.ok : ExitCode.failed;
      }),
    );
};

type Report = RestoreReport & {
  readonly artifacts: {
    readonly checked: number;
    readonly intact: number;
    readonly wrong: readonly { readonly uri: string }[];
  };
};

function words({ at, files, unconfirmed, awaiting, released, artifacts }: Report): string {
  return [
    `Restored as of ${at}, with ${counted(files, 'file')}. ${artifacts.intact} of ${counted(artifacts.checked, 'artifact')} are intact.`,
    ...artifacts.wrong.map(({ uri }) => `NOT INTACT ${uri}`),
    'All lanes are killed. Nothing is sent until `aol start`.',
    `${counted(unconfirmed, 'effect')} UNCONFIRMED: each may have been sent since the backup. Say what became of it: aol actions resolve.`,
    `${counted(awaiting, 'action')} AWAITING_APPROVAL: each may have been approved and sent since. Look before you approve.`,
    `${counted(released, 'proof')} back in the queue.`,
    'Not in it: what was queued, promoted or decided since the backup.',
  ].join('\n');
}
