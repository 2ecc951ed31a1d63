import { resolve } from 'node:path';
import { counted } from '../../contracts/words.ts';
import type { Register } from '../context.ts';
import { withProgress } from '../terminal/progress.ts';

/** `aol backup` */
export const registerBackup: Register = (program, run) => {
  program
    .command('backup <file>')
    .description('write all tables, artifacts and files into one archive, while AOL runs')
    .action((file: string) =>
      run(async ({ io, config: load, print }) => {
        const config = await load();
        const { makeBackup } = await import('../backup/backup.ts');
        const { withDatabase } = await import('../up/servers.ts');
        const report = await withProgress(io, 'backing up', ({ say }) =>
          withDatabase(config, { log: say, alone: false }, (databaseUrl, signal) =>
            makeBackup(resolve(file), { databaseUrl, artifactsFolder: config.artifacts.folder }, say, signal),
          ),
        );
        print(
          report,
          () =>
            `${report.file} holds ${counted(report.rows, 'row')} and ${counted(report.files, 'file')} as of ${report.at}, and was read again.\n` +
            'Tokens and keys of the data folder are not in it: keep AOL_SECRETS_KEY (or the file secrets-key) and AOL_PAYLOAD_KEY elsewhere.',
        );
        return undefined;
      }),
    );
};
