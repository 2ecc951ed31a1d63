import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliContext, ExitCode, type Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withProgress } from '../terminal/progress.ts';

const STOP_TIMEOUT_MS = 30_000;

/** `aol tour` */
export const registerTour: Register = (program, run) => {
  program
    .command('tour')
    .description('a guided tour on a temporary installation: proof, approval, sending, kill, start')
    .option('--yes', 'do not wait for key presses: a self-test of this machine', false)
    .action(({ yes }: { yes: boolean }) => run((context) => tour(context, yes)));
};

async function tour({ io }: CliContext, isAlone: boolean): Promise<number> {
  if (!isAlone && !io.isTerminal)
    throw new UsageError('the tour waits for key presses, and this is no terminal: use --yes');
  const { bareEnvironment } = await import('../../config/index.ts');
  const { findTokens, freePort, removeAfterwards, removeDataDir } = await import('../../local/index.ts');
  const { AolClient } = await import('../../client/client.ts');
  const { startChild } = await import('../up/children.ts');
  const { listenForStop } = await import('../up/process-tree.ts');
  const { orAborted } = await import('../up/abort.ts');
  const { createGuide } = await import('../tour/guide.ts');
  const { startTourReceiver } = await import('../tour/receiver.ts');
  const { TOUR_STEPS, walkThrough } = await import('../tour/tour.ts');

  const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'aol-tour-')));
  removeAfterwards(dataDir);
  const receiver = await startTourReceiver();
  const [apiPort, postgresPort, temporalPort, temporalUiPort] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
  const child = startChild({
    args: ['up', '--json'],
    env: bareEnvironment({
      AOL_DATA_DIR: dataDir,
      AOL_API_PORT: String(apiPort),
      AOL_POSTGRES_PORT: String(postgresPort),
      AOL_TEMPORAL_PORT: String(temporalPort),
      AOL_TEMPORAL_UI_PORT: String(temporalUiPort),
      AOL_PROOF_MODE: '0',
      AOL_WEBHOOK_ALLOW: receiver.host,
    }),
    stopTimeoutMs: STOP_TIMEOUT_MS,
    isSilent: true,
  });
  const stop = listenForStop(() => child.kill());
  try {
    io.out('Everything that the tour starts is its own, in a folder of its own, and is gone when it ends.');
    await orAborted(
      stop.asked,
      withProgress(io, 'starting PostgreSQL, Temporal, worker and API', () => child.ready),
    );
    const url = `http://127.0.0.1:${apiPort}`;
    const token = findTokens({ dataDir, tokens: {} })?.admin;
    if (token === undefined) throw new Error(`there are no tokens in ${dataDir}`);
    const place = {
      client: new AolClient({ baseUrl: url, token }),
      receiver,
      dashboard: `${url}/ (token: ${isAlone ? 'made for this tour' : token})`,
      temporalPage: `http://127.0.0.1:${temporalUiPort}`,
      signal: stop.asked,
    };
    await orAborted(stop.asked, walkThrough(place, createGuide(io, TOUR_STEPS, isAlone)));
    if (!isAlone) await io.ask('Look around as long as you like. Enter ends the tour and removes what it started … ');
    io.out('\nThe tour is over: every step came out as it says.');
    return ExitCode.ok;
  } finally {
    await child.stop();
    await receiver.close();
    removeDataDir(dataDir);
    stop.close();
  }
}
