import { setTimeout as delay } from 'node:timers/promises';
import type { AolClient } from '../../client/client.ts';
import type { Status } from '../../contracts/http/status.ts';
import { type CliContext, ExitCode, type Register } from '../context.ts';
import { describeFailure } from '../errors.ts';
import { withPicture } from '../terminal/live.ts';
import { statusLines, statusPage } from '../terminal/status-text.ts';
import { when } from '../terminal/time.ts';

const WATCH_INTERVAL_MS = 1_000;
const WATCH_TIMEOUT_MS = 3_000;

/** `aol status` */
export const registerStatus: Register = (program, run) => {
  program
    .command('status')
    .description('show the mode and why, lanes, workers, PostgreSQL and Temporal')
    .option('--watch', 'update until Ctrl+C; without a terminal, print a line for each change', false)
    .action((options: { watch: boolean }) =>
      run(async (context) => {
        if (options.watch) return watch(context);
        const status = await (await context.client()).status();
        const { words: where } = await context.io.target();
        context.print(status, () => statusPage(status, where, context.io.color));
        return status.dependencies.postgres.ok ? undefined : ExitCode.unavailable;
      }),
    );
};

/** Each second, also while the API is away. */
async function watch(context: CliContext): Promise<undefined> {
  const { io, json } = context;
  const client = await context.client({ maxTries: 1, timeoutMs: WATCH_TIMEOUT_MS });
  const eachSecond = async (show: (seen: Look) => void): Promise<undefined> => {
    while (!io.signal?.aborted) {
      show(await look(client));
      await delay(WATCH_INTERVAL_MS, undefined, { signal: io.signal }).catch(() => undefined);
    }
  };
  if (json) {
    return eachSecond((seen) => {
      if (seen.status) io.out(JSON.stringify(seen.status));
      else io.talk(JSON.stringify({ error: seen.failure }));
    });
  }
  const { words: where } = await io.target();
  if (!io.screen) return eachSecond(changesOnly(io.out));
  return withPicture(io.screen, (picture) =>
    eachSecond((seen) => {
      const head = `${when(new Date().toISOString())}  (Ctrl+C ends this)`;
      picture.draw(`${head}\n\n${seen.status ? statusPage(seen.status, where, io.color) : seen.failure.message}`);
    }),
  );
}

type Look =
  | { readonly status: Status }
  | { readonly status?: undefined; readonly failure: ReturnType<typeof describeFailure> };

/** @throws AolApiError when the server refuses; that it is away is an answer */
async function look(client: AolClient): Promise<Look> {
  try {
    return { status: await client.status() };
  } catch (error) {
    const failure = describeFailure(error);
    if (failure.exitCode !== ExitCode.unavailable) throw error;
    return { failure };
  }
}

/** Prints each line that was not there the time before. */
function changesOnly(out: (text: string) => void): (seen: Look) => void {
  let before: readonly string[] = [];
  return (seen) => {
    const lines = seen.status ? statusLines(seen.status) : [seen.failure.message];
    for (const line of lines) if (!before.includes(line)) out(`${when(new Date().toISOString())} ${line}`);
    before = lines;
  };
}
