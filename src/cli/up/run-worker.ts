/** The worker of a bounded run: in this process, without a supervisor, gone with the run. */

import type { Config } from '../../config/index.ts';
import { readFlagRows, requireLane } from '../../db/decide/flags.ts';
import { countWorkers } from '../../db/look/workers.ts';
import { createPool } from '../../db/pool.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import { flagsInForce } from '../../domain/flags.ts';
import { connectTemporal, type TemporalGateway } from '../../temporal/gateway.ts';
import { createWorker } from '../../worker/create-worker.ts';
import { loadAdapters } from '../../worker/load-adapters.ts';
import { installRuntime } from '../../worker/runtime.ts';
import { accountOptions, artifactLocation, createLogger, noticeSettings, startTraces } from '../settings.ts';
import { orAborted } from './abort.ts';
import type { ServerAddresses } from './servers.ts';

export interface RunParts {
  readonly temporal: TemporalGateway;
  readonly tickIntervalMs: number;
}

/**
 * Runs `work`, which heeds the signal itself, beside a worker of our own.
 *
 * @throws ConfigurationError when only proofs are wanted and another worker could perform
 * @throws NotFoundError when the lane does not exist
 */
export async function withWorker<Result>(
  config: Config,
  { databaseUrl, temporal: settings }: ServerAddresses,
  wanted: {
    readonly proofMode: boolean;
    readonly lane: string;
    readonly onlyProof: boolean;
    readonly signal: AbortSignal;
  },
  work: (parts: RunParts) => Promise<Result>,
): Promise<Result> {
  const log = createLogger({ ...config, logLevel: 'warn' });
  const traces = await startTraces(config, 'run', log);
  const db = createPool({ databaseUrl, applicationName: 'aol-run', maxConnections: 2 });
  const temporal = connectTemporal(settings);
  try {
    await requireLane(db, wanted.lane);
    const { real } = await countWorkers(db);
    if (wanted.onlyProof && real > 0) {
      throw new ConfigurationError(
        'AOL_PROOF_MODE',
        'AOL_PROOF_MODE is 0 in another worker that runs now, so --proof cannot be kept',
      );
    }
    const flags = flagsInForce(wanted.lane, await readFlagRows(db, wanted.lane));
    const { adapters } = await loadAdapters(config.adapterFiles);
    // Not before: it ends with the last worker, and without one it would keep this process alive.
    installRuntime(log);
    const worker = await createWorker({
      adapters,
      databaseUrl,
      temporal: settings,
      artifacts: artifactLocation(config),
      proofMode: wanted.proofMode,
      webhook: config.webhook,
      ...accountOptions(config),
      approvalTtlMs: config.approvalTtlMs,
      dashboardUrl: config.publicUrl,
      notices: noticeSettings(config),
      supervisor: false,
      log,
    });
    const running = worker.run();
    try {
      await orAborted(wanted.signal, worker.ready);
      return await work({ temporal, tickIntervalMs: flags.tick_interval_ms });
    } finally {
      await worker.shutdown();
      await running;
    }
  } finally {
    await temporal.close();
    await db.end();
    await traces.stop();
  }
}
