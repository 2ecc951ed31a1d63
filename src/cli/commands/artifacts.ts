import { ExitCode, type Register } from '../context.ts';
import { withProgress } from '../terminal/progress.ts';
import { fields } from '../terminal/text.ts';

/** `aol artifacts show|verify` */
export const registerArtifacts: Register = (program, run) => {
  const artifacts = program.command('artifacts').description('the stored bytes of what is sent');

  artifacts
    .command('show <actionId>')
    .description('show what an action would send, or has sent')
    .option('--raw', 'print exactly the hashed bytes', false)
    .action((actionId: string, { raw }: { raw: boolean }) =>
      run(async ({ io, client, print }) => {
        const { readArtifact } = await import('../artifact.ts');
        const { bytes, sha256, content } = await readArtifact(await client(), actionId);
        if (raw) {
          io.outBytes(bytes);
        } else {
          print({ actionId, sha256, artifact: content }, () => {
            const head = fields([
              ['action', actionId],
              ['sha256', sha256],
            ]);
            return `${head}\n\n${JSON.stringify(content, undefined, 2)}`;
          });
        }
        return undefined;
      }),
    );

  artifacts
    .command('verify')
    .description('recompute the SHA-256 of every stored artifact and compare it with the database')
    .action(() =>
      run(async (context) => {
        const config = await context.config();
        const { artifactLocation, databaseUrl } = await import('../settings.ts');
        const { createArtifactStore } = await import('../../artifacts/index.ts');
        const { createPool } = await import('../../db/pool.ts');
        const { verifyArtifacts } = await import('../verify-artifacts.ts');
        const pool = createPool({ databaseUrl: databaseUrl(config), applicationName: 'aol-cli', maxConnections: 1 });
        try {
          const store = createArtifactStore(artifactLocation(config));
          const result = await withProgress(context.io, 'verifying', ({ at }) => verifyArtifacts(pool, store, at));
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
