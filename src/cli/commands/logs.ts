import type { LogEntry } from '../../contracts/log.ts';
import type { Register } from '../context.ts';
import { oneLine, table } from '../text.ts';

/** `aol logs ACTION_ID`: what happened to an action. */
export const registerLogs: Register = (program, run) => {
  program
    .command('logs <actionId>')
    .description("an action's attempts and events, in order")
    .action((actionId: string) =>
      run(async ({ client: connect, print }) => {
        const client = await connect();
        const items: LogEntry[] = [];
        let cursor: string | undefined;
        do {
          const page = await client.getLogs(actionId, { limit: 200, cursor });
          items.push(...page.items);
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        print({ items, nextCursor: null, total: items.length }, () => table(TITLES, items.map(row)));
        return undefined;
      }),
    );
};

const TITLES = ['AT', 'EVENT', 'ATTEMPT', 'ACTOR', 'MESSAGE'];

function row({ at, event, attempt, actor, message }: LogEntry): string[] {
  return [at, event, attempt === null ? '-' : String(attempt), actor, oneLine(message, 120)];
}
