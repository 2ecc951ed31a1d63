import type { Command } from 'commander';
import type { AolClient } from '../../client/client.ts';
import { artifactSummary } from '../artifact.ts';
import type { Register } from '../context.ts';
import { confirm, type Danger } from '../terminal/confirm.ts';
import { statusText } from './actions.ts';

interface AllowOptions {
  readonly sha256: string;
  readonly reason?: string;
  readonly yes: boolean;
}

/** `aol approve`, `aol reject`, `aol actions promote`. Approve and promote name an artifact, and lead to its being sent. */
export const registerApprovals: Register = (program, run) => {
  const allow = (verb: 'approve' | 'promote', on: Command, what: string) =>
    on
      .command(`${verb} <id>`)
      .description(what)
      .requiredOption('--sha256 <hash>', 'of the artifact that you looked at')
      .option('--reason <text>', 'for the log')
      .option('--yes', 'do not ask', false)
      .action((id: string, { sha256, reason, yes }: AllowOptions) =>
        run(async ({ io, client: connect, print }) => {
          const client = await connect();
          if (!yes) await confirm(io, await allowWords(client, verb, id, sha256));
          const action = await client[verb](id, { sha256, reason });
          print(action, () => statusText(action));
          return undefined;
        }),
      );

  allow('approve', program, 'let the artifact that waits be performed, and nothing else; or be one of several who do');

  program
    .command('reject <id>')
    .description('cancel what waits for approval')
    .option('--reason <text>', 'for the log')
    .action((id: string, options: { reason?: string }) =>
      run(async ({ client, print }) => {
        const action = await (await client()).reject(id, options);
        print(action, () => statusText(action));
        return undefined;
      }),
    );

  const actions = program.commands.find((command) => command.name() === 'actions') ?? program.command('actions');
  allow('promote', actions, 'queue, once, a REAL action that may perform exactly this proof');
};

/** What would be sent, to where, and whether the hash is that of what is stored. */
async function allowWords(client: AolClient, verb: 'approve' | 'promote', id: string, sha256: string): Promise<Danger> {
  const action = await client.getAction(id);
  const summary = await artifactSummary(client, id);
  const parts = [
    `${verb} has 1 action sent for REAL: ${action.type} in lane ${action.lane}`,
    ...(summary === undefined ? [] : [`"${summary}"`]),
    ...(action.waiting === null ? [] : [action.waiting]),
    ...(action.artifactSha256 === sha256
      ? []
      : [`its artifact has ANOTHER SHA-256, ${action.artifactSha256 ?? 'none'}, so this will be refused`]),
  ];
  return { what: parts.join('; '), question: 'Send it?' };
}
