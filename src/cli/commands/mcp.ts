import type { CliContext, Register } from '../context.ts';

/** `aol mcp`: tools for AI agents over stdin and stdout, until stdin ends. */
export const registerMcp: Register = (program, run) => {
  program
    .command('mcp')
    .description('serve tools for AI agents over stdio (Model Context Protocol): queue, read, stop, but not approve')
    .action(() =>
      run(async ({ io }) => {
        const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js');
        const { AolClient } = await import('../../client/client.ts');
        const { createMcpServer } = await import('../../mcp/server.ts');
        const { utf8Lines } = await import('../../mcp/utf8-lines.ts');
        const { untilStopped } = await import('../up/lifecycle.ts');
        const { version } = await import('../version.ts');
        const client = new AolClient(await agentConnection(io));
        const server = createMcpServer(client, version(), (words) => io.talk(`aol mcp: ${words}`));
        const ended = new Promise<void>((resolve) => process.stdin.once('end', resolve).once('close', resolve));
        const lines = process.stdin.pipe(utf8Lines((text) => process.stdout.write(text)));
        await server.connect(new StdioServerTransport(lines));
        await Promise.race([ended, untilStopped()]);
        await server.close();
        return undefined;
      }),
    );
};

/** Which AOL the tools call, and with which token: never one of the data folder's, because those decide. */
async function agentConnection(io: CliContext['io']): Promise<{ readonly baseUrl: string; readonly token: string }> {
  const { ConfigurationError } = await import('../../domain/errors.ts');
  const { url: baseUrl, givenToken: token } = await io.target();
  if (token !== undefined) return { baseUrl, token };
  throw new ConfigurationError(
    'AOL_TOKEN',
    '`aol mcp` needs the token of an agent, which an admin makes with `aol tokens create NAME --role agent`',
  );
}
