import { ExitCode, type Register } from '../context.ts';

/** `aol doctor`: checks each dependency and says the cure; its exit status gates a deploy. */
export const registerDoctor: Register = (program, run) => {
  program
    .command('doctor')
    .description('check each dependency; ends with 1 when one is not well')
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
