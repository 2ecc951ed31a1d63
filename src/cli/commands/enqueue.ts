import { type EnqueueInput, enqueueRequestSchema } from '../../contracts/http/action.ts';
import { parseJsonText } from '../../contracts/http/json-text.ts';
import { fieldProblems } from '../../contracts/http/problem.ts';
import { errorText, InvalidRequestError } from '../../domain/errors.ts';
import { MAX_ATTEMPTS, MAX_PRIORITY, MIN_PRIORITY } from '../../domain/limits.ts';
import type { CliContext, Register } from '../context.ts';
import { enqueueFile } from '../enqueue-batch.ts';
import { UsageError } from '../errors.ts';
import { readText } from '../terminal/input.ts';
import type { CliIo } from '../terminal/io.ts';
import { durationMs, wholeNumber } from '../terminal/options.ts';
import { modeWords, statusWord } from '../terminal/paint.ts';
import { fields } from '../terminal/text.ts';
import { waitForEnd } from '../wait.ts';
import { actionText } from './actions.ts';

interface Options {
  readonly payload?: string;
  readonly key?: string;
  readonly lane?: string;
  readonly mode?: string;
  readonly priority?: number;
  readonly at?: string;
  readonly maxAttempts?: number;
  readonly requireApproval?: boolean;
  readonly batch?: string;
  readonly wait: boolean;
  readonly timeout?: number;
}

/** `aol enqueue TYPE`: queues one action; `aol enqueue --batch FILE`: many. */
export const registerEnqueue: Register = (program, run) => {
  program
    .command('enqueue [type]')
    .description('queue an action, e.g. POST_SOCIAL; the same key again answers the action that is there')
    .option('--payload <json>', 'the payload: JSON, @FILE, or - for stdin; {} when absent')
    .option('--key <key>', 'idempotency key')
    .option('--lane <lane>', 'lane, `default` when absent')
    .option('--mode <mode>', 'PROOF (nothing is sent; when absent) or REAL')
    .option('--priority <n>', 'from -100 to 100, higher first', wholeNumber(MIN_PRIORITY, MAX_PRIORITY))
    .option('--at <time>', 'not before, e.g. 2026-12-24T18:00:00Z')
    .option('--max-attempts <n>', 'from 1 to 3', wholeNumber(1, MAX_ATTEMPTS))
    .option('--require-approval', 'a person must approve its artifact, whatever the lane says')
    .option('--batch <file>', 'many actions: JSON lines, each as POST /v1/actions takes it; - for stdin')
    .option('--wait', 'follow it to its end; the exit code says which', false)
    .option('--timeout <time>', 'with --wait, at most so long: 30s, 5m', durationMs)
    .action((type: string | undefined, options: Options) =>
      run((context) => {
        if (options.batch !== undefined) return batch(context, type, options);
        if (type === undefined) throw new UsageError('say what: enqueue TYPE, or enqueue --batch FILE');
        return single(context, type, options);
      }),
    );
};

async function single(context: CliContext, type: string, options: Options): Promise<number | undefined> {
  const { io, client: connect, print } = context;
  if (options.timeout !== undefined && !options.wait) throw new UsageError('--timeout belongs to --wait');
  const request = toRequest(type, options, await readPayload(options.payload ?? '{}', io));
  const client = await connect();
  const action = await client.enqueue(request);
  if (options.wait) {
    const { action: ended, exitCode } = await waitForEnd(context, client, action, options.timeout);
    print(ended, () => actionText(ended, io.color));
    return exitCode;
  }
  print(action, () =>
    fields(
      [
        ['id', action.id],
        ['status', statusWord(action.status)],
        ['mode', modeWords(action.mode)],
        ['lane', action.lane],
        ['key', action.idempotencyKey],
        ['next', `aol actions show ${action.id}`],
      ],
      io.color,
    ),
  );
  return undefined;
}

async function batch(
  context: CliContext,
  type: string | undefined,
  { batch: file = '-', wait, ...others }: Options,
): Promise<number | undefined> {
  const isAlone = type === undefined && !wait && Object.values(others).every((value) => value === undefined);
  if (!isAlone) throw new UsageError('--batch stands alone: its lines say everything');
  return enqueueFile(context, await readText(context.io, file, `--batch ${file}`));
}

async function readPayload(source: string, io: CliIo): Promise<unknown> {
  const file = source === '-' ? source : /^@(.*)$/s.exec(source)?.[1];
  const text = file === undefined ? source : await readText(io, file, `--payload ${source}`);
  try {
    return parseJsonText(text);
  } catch (error) {
    throw new UsageError(`--payload ${errorText(error).replace(/^body /, '')}`);
  }
}

/** The server checks the rest; here only what would not even be a request. */
function toRequest(type: string, options: Options, payload: unknown): EnqueueInput {
  const request = {
    type,
    payload,
    idempotencyKey: options.key,
    lane: options.lane,
    mode: options.mode,
    priority: options.priority,
    runAt: options.at,
    maxAttempts: options.maxAttempts,
    requireApproval: options.requireApproval,
  };
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  const parsed = enqueueRequestSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidRequestError('this cannot be queued', fieldProblems(parsed.error));
}
