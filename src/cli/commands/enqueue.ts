import { readFile } from 'node:fs/promises';
import { type EnqueueInput, enqueueRequestSchema } from '../../contracts/action.ts';
import { parseJsonText } from '../../contracts/json-text.ts';
import { fieldProblems } from '../../contracts/problem.ts';
import { errorText, InvalidRequestError } from '../../domain/errors.ts';
import type { Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { CliIo } from '../io.ts';
import { fields } from '../text.ts';

interface Options {
  readonly payload: string;
  readonly key?: string;
  readonly lane?: string;
  readonly mode?: string;
  readonly priority?: string;
  readonly at?: string;
  readonly maxAttempts?: string;
}

/** `aol enqueue TYPE`: queues one action. */
export const registerEnqueue: Register = (program, run) => {
  program
    .command('enqueue <type>')
    .description('queue an action, e.g. POST_SOCIAL; the same key again answers the action that is there')
    .option('--payload <json>', 'the payload: JSON, @FILE, or - for stdin', '{}')
    .option('--key <key>', 'idempotency key')
    .option('--lane <lane>', 'lane, `default` when absent')
    .option('--mode <mode>', 'PROOF or REAL')
    .option('--priority <n>', 'from -100 to 100, higher first')
    .option('--at <time>', 'not before, e.g. 2026-12-24T18:00:00Z')
    .option('--max-attempts <n>', 'from 1 to 3')
    .action((type: string, options: Options) =>
      run(async ({ io, client, print }) => {
        const request = toRequest(type, options, await readPayload(options.payload, io));
        const action = await (await client()).enqueue(request);
        print(action, () =>
          fields([
            ['id', action.id],
            ['status', action.status],
            ['mode', action.mode],
            ['lane', action.lane],
            ['key', action.idempotencyKey],
            ['next', `aol actions show ${action.id}`],
          ]),
        );
        return undefined;
      }),
    );
};

async function readPayload(source: string, io: CliIo): Promise<unknown> {
  if (source === '-') return parseJsonText(await io.readStdin());
  if (!source.startsWith('@')) return parseJsonText(source);
  const path = source.slice(1);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new UsageError(`--payload @${path}: ${errorText(error)}`);
  });
  return parseJsonText(bytes);
}

/** The server checks the rest; here only what would not even be a request. */
function toRequest(type: string, options: Options, payload: unknown): EnqueueInput {
  const request = {
    type,
    payload,
    idempotencyKey: options.key,
    lane: options.lane,
    mode: options.mode,
    priority: numberOf('--priority', options.priority),
    runAt: options.at,
    maxAttempts: numberOf('--max-attempts', options.maxAttempts),
  };
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  const parsed = enqueueRequestSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidRequestError('this cannot be queued', fieldProblems(parsed.error));
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d{1,6}$/.test(text)) throw new UsageError(`${option} must be a whole number`);
  return Number(text);
}
