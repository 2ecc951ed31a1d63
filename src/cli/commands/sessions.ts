import type { SessionEntry } from '../../contracts/http/session.ts';
import type { Register } from '../context.ts';
import { since, table } from '../terminal/text.ts';

const PAGE_SIZE = 200;

/** `aol sessions list|end` */
export const registerSessions: Register = (program, run) => {
  const sessions = program
    .command('sessions')
    .description('sessions of the dashboard: your own, or as an admin everybody’s');

  sessions
    .command('list')
    .description('list open sessions, newest first')
    .action(() =>
      run(async ({ client: connect, print }) => {
        const client = await connect();
        const items: SessionEntry[] = [];
        let cursor: string | undefined;
        do {
          const page = await client.listSessions({ limit: PAGE_SIZE, cursor });
          items.push(...page.items);
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        const list = { items, nextCursor: null, total: items.length, totalIsExact: true };
        print(list, () => sessionTable(items));
        return undefined;
      }),
    );

  sessions
    .command('end <id>')
    .description('end a session, at once')
    .action((id: string) =>
      run(async ({ client, print }) => {
        await (await client()).endSession(id);
        print({ id, ended: true }, () => `session ${id} has ended`);
        return undefined;
      }),
    );
};

function sessionTable(items: readonly SessionEntry[]): string {
  const rows = items.map((session) => [
    session.actor,
    session.role,
    `${since(session.createdAt)} ago`,
    `${since(session.lastUsedAt)} ago`,
    session.expiresAt,
    session.address ?? 'unknown',
    session.browser ?? 'unknown',
    session.id,
  ]);
  return table(['WHO', 'ROLE', 'BEGAN', 'USED', 'ENDS', 'FROM', 'WITH', 'ID'], rows);
}
