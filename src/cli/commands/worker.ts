import type { Register } from '../context.ts';

/** `aol worker`: one worker process, against the servers of the environment. */
export const registerWorker: Register = (program, run) => {
  program
    .command('worker')
    .description('run a worker with the servers in the environment; run as many as you like')
    .action(() =>
      run(async ({ config: loadConfig }) => {
        const config = await loadConfig();
        const {
          accountOptions,
          artifactLocation,
          createLogger,
          databaseUrl,
          noticeSettings,
          startTraces,
          temporalSettings,
        } = await import('../settings.ts');
        const { sayReady, untilStopped } = await import('../up/lifecycle.ts');
        const stopped = untilStopped();
        const { watchEventLoop } = await import('../up/event-loop-watchdog.ts');
        const { createWorker } = await import('../../worker/create-worker.ts');
        const { installRuntime } = await import('../../worker/runtime.ts');
        const log = createLogger(config);
        const metrics = installRuntime(log, config.workerMetrics);
        const traces = await startTraces(config, 'worker', log);
        await watchEventLoop();
        const { loadAdapters } = await import('../../worker/load-adapters.ts');
        const { adapters } = await loadAdapters(config.adapterFiles);
        const worker = await createWorker({
          adapters,
          databaseUrl: databaseUrl(config),
          temporal: temporalSettings(config),
          artifacts: artifactLocation(config),
          proofMode: config.proofMode,
          retentionMs: config.retentionMs,
          approvalTtlMs: config.approvalTtlMs,
          webhook: config.webhook,
          ...accountOptions(config),
          dashboardUrl: config.publicUrl,
          notices: noticeSettings(config),
          log,
          metrics,
        });
        const running = worker.run();
        worker.ready.then(sayReady, () => undefined);
        const reason = await Promise.race([stopped, running]);
        if (reason !== undefined) log.info({ reason }, 'the worker drains and stops');
        await worker.shutdown();
        await running;
        await traces.stop();
        return undefined;
      }),
    );
};
