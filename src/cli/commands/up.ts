import type { Register } from '../context.ts';

/** `aol up`: everything on this machine. */
export const registerUp: Register = (program, run) => {
  program
    .command('up')
    .description('start everything on this machine: PostgreSQL, Temporal, worker and API')
    .option('--killed', 'start with all lanes killed, until `aol start`', false)
    .action(({ killed }: { killed: boolean }) =>
      run(async ({ io, json }) => {
        const { up } = await import('../up/up.ts');
        return up(await io.config(), { io, json, killed });
      }),
    );
};
