import type { Register } from '../context.ts';

/** `aol api`: one API process, against the servers of the environment. */
export const registerApi: Register = (program, run) => {
  program
    .command('api')
    .description('serve the HTTP API against the servers that the environment names; several may run at once')
    .action(() =>
      run(async ({ config: loadConfig }) => {
        const config = await loadConfig();
        const { sayReady, untilStopped } = await import('../up/lifecycle.ts');
        const stopped = untilStopped();
        const settings = await import('../settings.ts');
        const { openPorts } = await import('../../api/ports.ts');
        const { startServer } = await import('../../api/server.ts');
        const { builtWebFolder } = await import('../../api/web-files.ts');
        const { createArtifactStore, createBlobStoreAt } = await import('../../artifacts/index.ts');
        const { readMedia } = await import('../../artifacts/media.ts');
        const { builtInContracts } = await import('../../contracts/payloads/index.ts');
        const { resolveTokens } = await import('../../local/index.ts');
        const { loadAdapters } = await import('../../worker/load-adapters.ts');
        const { contracts } = await loadAdapters(config.adapterFiles);
        const tokens = resolveTokens(config);
        const logger = settings.createLogger(config);
        const traces = await settings.startTraces(config, 'api', logger);
        const ports = openPorts({
          databaseUrl: settings.databaseUrl(config),
          temporal: settings.temporalSettings(config),
          temporalUiUrl: settings.temporalUiUrl(config),
          artifacts: createArtifactStore(settings.artifactLocation(config)),
          blobs: { ...createBlobStoreAt(settings.artifactLocation(config)), readMedia },
          logger,
        });
        try {
          const server = await startServer({
            ...ports,
            ...config.api,
            contracts: [...builtInContracts, ...contracts],
            tokens,
            logger,
            // Whoever lifts the rate lifts the lock-out.
            ...(config.api.callsPerMinute === 0 && { maxWrongTokens: 0 }),
            setVariables: new Set(config.setVariables),
            webFolder: builtWebFolder,
          });
          logger.info({ url: server.url }, 'the API listens');
          sayReady();
          logger.info({ reason: await stopped }, 'the API closes');
          await server.close();
        } finally {
          await ports.close();
          await traces.stop();
        }
        return undefined;
      }),
    );
};
