import { readFile } from 'node:fs/promises';
import { type EnqueueInput, enqueueRequestSchema } from '../../contracts/http/action.ts';
import { parseJsonText } from '../../contracts/http/json-text.ts';
import { fieldProblems } from '../../contracts/http/problem.ts';
import { errorText, InvalidRequestError } from '../../domain/errors.ts';
import type { CliContext, Register } from '../context.ts';
import { enqueueFile } from '../enqueue-batch.ts';
import { UsageError } from '../errors.ts';
import type { CliIo } from '../terminal/io.ts';
import { durationMs } from '../terminal/options.ts';
import { modeWords, statusWord } from '../terminal/paint.ts';
import { fields } from '../terminal/text.ts';
import { waitForEnd } from '../wait.ts';
import { actionText } from './actions.ts';

interface Options {
  readonly payload?: string;
  readonly key?: string;
  readonly lane?: string;
  readonly mode?: string;
  readonly priority?: string;
  readonly at?: string;
  readonly maxAttempts?: string;
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
    .option('--priority <n>', 'from -100 to 100, higher first')
    .option('--at <time>', 'not before, e.g. 2026-12-24T18:00:00Z')
    .option('--max-attempts <n>', 'from 1 to 3')
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
  const text =
    file === '-' ? await context.io.readStdin() : (await readBytes(file, `--batch ${file}`)).toString('utf8');
  return enqueueFile(context, text);
}

async function readPayload(source: string, io: CliIo): Promise<unknown> {
  const text = source === '-' ? await io.readStdin() : await payloadText(source);
  try {
    return parseJsonText(text);
  } catch (error) {
    throw new UsageError(`--payload ${errorText(error).replace(/^body /, '')}`);
  }
}

async function payloadText(source: string): Promise<Uint8Array | string> {
  return source.startsWith('@') ? readBytes(source.slice(1), `--payload ${source}`) : source;
}

function readBytes(path: string, option: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new UsageError(`${option}: ${errorText(error)}`);
  });
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
    requireApproval: options.requireApproval,
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
