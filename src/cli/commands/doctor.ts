import { ExitCode, type Register } from '../context.ts';

/** `aol doctor`: checks each dependency and says the cure; its exit status gates a deploy. */
export const registerDoctor: Register = (program, run) => {
  program
    .command('doctor')
    .description('check PostgreSQL, Temporal, the API, workers and this machine; exit status 1 if a check fails')
    .action(() =>
      run(async ({ io, print }) => {
        const { examine } = await import('../doctor/index.ts');
        const checks = await examine(io);
        const ok = checks.every((check) => check.ok);
        print({ ok, checks }, () =>
          checks
            .map(
              ({ ok: well, name, detail, cure }) =>
                `${well ? 'ok  ' : 'FAIL'}  ${name}: ${detail}${well || !cure ? '' : `\n      cure: ${cure}`}`,
            )
            .join('\n'),
        );
        return ok ? ExitCode.ok : ExitCode.failed;
      }),
    );
};
