import { resolve } from 'node:path';
import { ExitCode, type Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { version } from '../version.ts';

interface Options {
  readonly backup?: string;
  readonly prometheus?: string;
  readonly accept: readonly string[];
}

/** `aol go-live`: what is still missing before REAL; its exit status gates a pipeline. */
export const registerGoLive: Register = (program, run) => {
  program
    .command('go-live')
    .description('check what is missing before REAL, each with its cure; exit status 1 if something is')
    .option('--backup <file>', 'the newest archive from aol backup')
    .option('--prometheus <url>', 'the Prometheus that has loaded the alerts')
    .option('--accept <name>', 'accept this finding', collect, [])
    .action((options: Options) =>
      run(async ({ io, config, client, print }) => {
        if (options.prometheus !== undefined && !URL.canParse(options.prometheus)) {
          throw new UsageError('--prometheus must be an address: http://127.0.0.1:9090');
        }
        const { examineForReal } = await import('../go-live/checks.ts');
        const { url } = await io.target();
        const checks = await examineForReal({
          client: await client(),
          config: await config(),
          url,
          version: version(),
          nowMs: Date.now(),
          backup: options.backup === undefined ? undefined : resolve(options.backup),
          prometheus: options.prometheus,
        });
        const unknown = options.accept.filter((name) => !checks.some((check) => check.name === name));
        if (unknown.length > 0) {
          throw new UsageError(
            `--accept ${unknown.join(', ')}: there are ${checks.map(({ name }) => name).join(', ')}`,
          );
        }
        const judged = checks.map((check) => ({
          ...check,
          accepted: !check.ok && options.accept.includes(check.name),
        }));
        const missing = judged.filter(({ ok, accepted }) => !ok && !accepted);
        print({ ready: missing.length === 0, checks: judged }, () =>
          [
            ...judged.map(({ ok, accepted, name, detail, cure, page }) =>
              ok || accepted
                ? `${ok ? 'ok     ' : 'meant  '}${name}: ${detail}`
                : `MISSING  ${name}: ${detail}\n         cure: ${cure}\n         more: ${page}`,
            ),
            missing.length === 0 ? '\nReady to go live.' : `\n${missing.length} of ${judged.length} missing.`,
          ].join('\n'),
        );
        return missing.length === 0 ? ExitCode.ok : ExitCode.failed;
      }),
    );
};

function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value];
}
