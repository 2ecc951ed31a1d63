import { ExitCode, type Register } from '../context.ts';

/** `aol artifacts verify` */
export const registerArtifacts: Register = (program, run) => {
  program
    .command('artifacts')
    .description('the stored effects')
    .command('verify')
    .description('recompute the SHA-256 of every stored artifact and compare it with its row')
    .action(() =>
      run(async (context) => {
        const config = await context.config();
        const { artifactLocation, databaseUrl } = await import('../settings.ts');
        const { createArtifactStore } = await import('../../artifacts/index.ts');
        const { createPool } = await import('../../db/pool.ts');
        const { verifyArtifacts } = await import('../verify-artifacts.ts');
        const pool = createPool({ databaseUrl: databaseUrl(config), applicationName: 'aol-cli', maxConnections: 1 });
        try {
          const result = await verifyArtifacts(pool, createArtifactStore(artifactLocation(config)));
          const wrong = result.wrong.map(({ id, uri, reason }) => `WRONG ${id} ${uri}: ${reason}\n`).join('');
          context.print(
            result,
            () => `${wrong}${result.checked} checked, ${result.intact} intact, ${result.wrong.length} wrong`,
          );
          return result.wrong.length === 0 ? ExitCode.ok : ExitCode.failed;
        } finally {
          await pool.end();
        }
      }),
    );
};
