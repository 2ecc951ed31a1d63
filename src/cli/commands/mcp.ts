import type { Config } from '../../config/index.ts';
import type { Register } from '../context.ts';

/** `aol mcp`: tools for AI agents over stdin and stdout, until stdin ends. */
export const registerMcp: Register = (program, run) => {
  program
    .command('mcp')
    .description('tools for AI agents over stdio (Model Context Protocol): queue, look, stop; never approve')
    .action(() =>
      run(async ({ config }) => {
        const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js');
        const { AolClient } = await import('../../client/client.ts');
        const { createMcpServer } = await import('../../mcp/server.ts');
        const { utf8Lines } = await import('../../mcp/utf8-lines.ts');
        const { findTarget } = await import('../target.ts');
        const { untilStopped } = await import('../up/lifecycle.ts');
        const { version } = await import('../version.ts');
        const settings = await config();
        const client = new AolClient({ baseUrl: findTarget(settings).url, token: await agentToken(settings) });
        const server = createMcpServer(client, version());
        const ended = new Promise<void>((resolve) => process.stdin.once('end', resolve).once('close', resolve));
        const lines = process.stdin.pipe(utf8Lines((text) => process.stdout.write(text)));
        await server.connect(new StdioServerTransport(lines));
        await Promise.race([ended, untilStopped()]);
        await server.close();
        return undefined;
      }),
    );
};

/** A token of its own, else the operator's. Never the admin's, whatever else is there. */
async function agentToken(config: Config): Promise<string> {
  const { findTokens } = await import('../../local/index.ts');
  const { ConfigurationError } = await import('../../domain/errors.ts');
  const token = config.mcpToken ?? config.tokens.operator ?? findTokens(config)?.operator;
  if (token !== undefined) return token;
  throw new ConfigurationError(
    'AOL_MCP_TOKEN',
    `there is no operator's token in ${config.dataDir}: run \`aol up\` there first, or set AOL_DATA_DIR or AOL_MCP_TOKEN`,
  );
}
