import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';

/** `aol migrate`: brings the schema up to date, or takes it away. */
export const registerMigrate: Register = (program, run) => {
  program
    .command('migrate')
    .description('upgrade the database to the schema of this version')
    .option('--down', 'remove the whole schema with all data', false)
    .option('--yes', 'do not ask', false)
    .action((options: { down: boolean; yes: boolean }) =>
      run(async (context) => {
        if (options.down && !options.yes) throw new UsageError('--down deletes all data of AOL: confirm with --yes');
        const { databaseUrl } = await import('../settings.ts');
        const { migrate, migrateDown } = await import('../../db/keep/migrate.ts');
        const url = databaseUrl(await context.config());
        const lines: string[] = [];
        if (options.down) {
          await migrateDown(url);
          lines.push('the schema is gone');
        } else {
          await migrate(url, (line) => lines.push(line));
        }
        context.print({ done: lines }, () => lines.join('\n'));
        return undefined;
      }),
    );
};
