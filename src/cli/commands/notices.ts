import { setTimeout as delay } from 'node:timers/promises';
import type { AolClient } from '../../client/client.ts';
import type { NoticeList, NoticeMessage, NoticeTest } from '../../contracts/http/notice.ts';
import type { Register } from '../context.ts';
import type { Cell } from '../terminal/paint.ts';
import { table } from '../terminal/text.ts';
import { clock, zoned } from '../terminal/time.ts';

/** A worker looks each second; a server that does not answer takes up to 20 s. */
const TEST_LIMIT_MS = 45_000;
const POLL_MS = 500;

/** `aol notices list|test` */
export const registerNotices: Register = (program, run) => {
  const notices = program.command('notices').description('notices to people about what waits or went wrong');

  notices
    .command('list')
    .description('list destinations and the last messages, and whether they arrived')
    .action(() =>
      run(async ({ io, client, print }) => {
        const list = await (await client()).listNotices();
        print(list, () => listText(list, io.color));
        return undefined;
      }),
    );

  notices
    .command('test')
    .description('send a test notice to every destination, and wait for it. Exit status 1: one did not arrive')
    .action(() =>
      run(async ({ io, client: connect, print }) => {
        const client = await connect();
        const asked = await client.testNotices();
        io.talk(`sent to ${asked.destinations.join(', ')}; it takes some seconds …`);
        const messages = await outcomeOf(client, asked);
        print({ items: messages }, () => messageTable(messages, io.color));
        const arrived = messages.filter(({ state }) => state === 'sent').map(({ destination }) => destination);
        return asked.destinations.every((destination) => arrived.includes(destination)) ? undefined : 1;
      }),
    );
};

/** Until each destination has its message, or says why not. */
async function outcomeOf(client: AolClient, { askedAt, destinations }: NoticeTest): Promise<NoticeMessage[]> {
  const giveUpAtMs = performance.now() + TEST_LIMIT_MS;
  for (;;) {
    const { items } = await client.listNotices();
    const since = items.filter(({ createdAt }) => Date.parse(createdAt) >= Date.parse(askedAt));
    const ended = since.filter(({ state, error }) => state !== 'waiting' || error !== null);
    const isOver = destinations.every((name) => ended.some(({ destination }) => destination === name));
    if (isOver || performance.now() > giveUpAtMs) return since;
    await delay(POLL_MS);
  }
}

function listText({ destinations, items }: NoticeList, isColored: boolean): string {
  if (destinations.length === 0 && items.length === 0) return 'nobody is told: set AOL_NOTICES for the workers';
  const rows = destinations.map(({ destination, waiting, lastSentAt, failing }): Cell[] => [
    destination,
    failing === null ? 'ok' : { text: `failing since ${failing.since}: ${failing.error}`, tone: 'bad' },
    String(waiting),
    lastSentAt ?? '-',
  ]);
  const parts = [table(['DESTINATION', 'STATE', 'WAITING', 'LAST SENT'], rows, isColored)];
  if (items.length > 0) parts.push(messageTable(items, isColored));
  return parts.join('\n\n');
}

function messageTable(items: readonly NoticeMessage[], isColored: boolean): string {
  const rows = items.map(({ createdAt, destination, state, attempts, error, subject }): Cell[] => [
    clock(createdAt),
    destination,
    { text: state, tone: state === 'sent' ? 'good' : 'bad' },
    String(attempts),
    error === null ? subject : `${subject} (${error})`,
  ]);
  return table([zoned('MADE'), 'DESTINATION', 'STATE', 'ATTEMPTS', 'SUBJECT'], rows, isColored);
}
