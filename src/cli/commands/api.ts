import type { Register } from '../context.ts';
import { version } from '../version.ts';

/** `aol api`: one API process, against the servers of the environment. */
export const registerApi: Register = (program, run) => {
  program
    .command('api')
    .description('serve the HTTP API and the dashboard with the servers in the environment; run as many as you like')
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
        const { createRenderer } = await import('../../worker/renderer.ts');
        const { contracts } = await loadAdapters(config.adapterFiles);
        const renderer = createRenderer({
          adapterFiles: [...config.adapterFiles],
          artifacts: settings.artifactLocation(config),
        });
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
            publicUrl: config.publicUrl,
            renderer,
            approvalTtlMs: config.approvalTtlMs,
            contracts: [...builtInContracts, ...contracts],
            tokens,
            logger,
            // Whoever lifts the rate lifts the lock-out.
            ...(config.api.callsPerMinute === 0 && { maxWrongTokens: 0 }),
            setVariables: new Set(config.setVariables),
            version: version(),
            webFolder: builtWebFolder,
          });
          logger.info({ url: server.url }, 'the API listens');
          sayReady();
          logger.info({ reason: await stopped }, 'the API closes');
          await server.close();
        } finally {
          await renderer.close();
          await ports.close();
          await traces.stop();
        }
        return undefined;
      }),
    );
};
