import { type EnqueueInput, enqueueRequestSchema } from '../../contracts/http/action.ts';
import { fieldProblems } from '../../contracts/http/problem.ts';
import { InvalidRequestError } from '../../domain/errors.ts';
import { MAX_ATTEMPTS, MAX_PRIORITY, MIN_PRIORITY } from '../../domain/limits.ts';
import type { CliContext, Register } from '../context.ts';
import { enqueueFile } from '../enqueue-batch.ts';
import { UsageError } from '../errors.ts';
import { readText } from '../terminal/input.ts';
import { durationMs, type Moment, moment, said, wholeNumber } from '../terminal/options.ts';
import { modeWord, modeWords, statusWord } from '../terminal/paint.ts';
import { fields } from '../terminal/text.ts';
import { when, withLocalTimes } from '../terminal/time.ts';
import { validate } from '../validate.ts';
import { waitForEnd } from '../wait.ts';
import { actionText, awaitsApproval, expiresFirstText } from './actions.ts';
import { readPayload } from './changes.ts';

interface Options {
  readonly payload?: string;
  readonly key?: string;
  readonly lane?: string;
  readonly mode?: string;
  readonly priority?: number;
  readonly at?: Moment;
  readonly maxAttempts?: number;
  readonly requireApproval?: boolean;
  readonly batch?: string;
  readonly validate: boolean;
  readonly wait: boolean;
  readonly timeout?: number;
}

/** `aol enqueue TYPE`: queues one action; `aol enqueue --batch FILE`: many. */
export const registerEnqueue: Register = (program, run) => {
  program
    .command('enqueue [type]')
    .description('queue an action, e.g. POST_SOCIAL; the same key again returns the existing action')
    .option('--payload <json>', 'the payload: JSON, @FILE, or - for stdin; default: {}')
    .option('--key <key>', 'idempotency key')
    .option('--lane <lane>', 'the lane; default: `default`')
    .option('--mode <mode>', 'PROOF (default: nothing is sent) or REAL')
    .option('--priority <n>', 'from -100 to 100, higher first', wholeNumber(MIN_PRIORITY, MAX_PRIORITY))
    .option(
      '--at <time>',
      'not before this time, e.g. "2026-12-01 09:00 Europe/Berlin" or 2026-12-24T18:00:00Z',
      moment,
    )
    .option('--max-attempts <n>', 'from 1 to 3', wholeNumber(1, MAX_ATTEMPTS))
    .option('--require-approval', 'a person must approve it, even if the lane does not require that')
    .option('--validate', 'queue nothing; show what a proof would store, and what would happen', false)
    .option(
      '--batch <file>',
      'many actions from a file: one JSON object per line, as for POST /v1/actions; - for stdin',
    )
    .option('--wait', 'wait until it has ended; the exit code says how', false)
    .option('--timeout <time>', 'with --wait, at most this long: 30s, 5m', durationMs)
    .action((type: string | undefined, options: Options) =>
      run((context) => {
        if (options.batch !== undefined) return batch(context, type, options);
        if (type === undefined) throw new UsageError('name a type (enqueue TYPE) or a file (enqueue --batch FILE)');
        return single(context, type, options);
      }),
    );
};

async function single(context: CliContext, type: string, options: Options): Promise<number | undefined> {
  const { io, client: connect, print } = context;
  if (options.timeout !== undefined && !options.wait) throw new UsageError('--timeout needs --wait');
  const runAt = said(io, options.at);
  const request = toRequest(type, { ...options, runAt }, await readPayload(options.payload ?? '{}', io));
  const client = await connect();
  if (options.validate) return validate(context, client, request);
  const { action: queued, isNew } = await client.queue(request);
  if (options.wait) {
    const { action: ended, exitCode } = await waitForEnd(context, client, queued, options.timeout);
    print(ended, () => actionText(ended, io.color));
    return exitCode;
  }
  // It may be this call's own, if its first answer was lost; without --key nobody else has the key.
  if (!isNew && options.key !== undefined)
    io.talk(`aol: there is an action of this key, from ${when(queued.createdAt)}: no second one was queued`);
  // Why it waits is known to whoever looks at it.
  const action = context.json ? queued : await client.getAction(queued.id);
  print(action, () =>
    [
      fields(
        [
          ['id', action.id],
          ['status', statusWord(action.status)],
          ['mode', action.waiting === null ? modeWords(action.mode, awaitsApproval(action)) : modeWord(action.mode)],
          ['waiting', action.waiting && withLocalTimes(action.waiting)],
          ['due', action.status === 'PENDING' ? when(action.runAt) : null],
          ['lane', action.lane],
          ['key', action.idempotencyKey],
          ['next', `aol actions show ${action.id}`],
        ],
        io.color,
      ),
      ...expiresFirstText(action),
    ].join('\n'),
  );
  return undefined;
}

async function batch(
  context: CliContext,
  type: string | undefined,
  { batch: file = '-', wait, validate: isLook, ...others }: Options,
): Promise<number | undefined> {
  const isAlone = type === undefined && !wait && !isLook && Object.values(others).every((value) => value === undefined);
  if (!isAlone) throw new UsageError('--batch takes everything from the file: leave the type and other options out');
  return enqueueFile(context, await readText(context.io, file, `--batch ${file}`));
}

/** What a field is called on the command line. */
const OPTIONS: Readonly<Record<string, string>> = {
  idempotencyKey: '--key',
  lane: '--lane',
  mode: '--mode',
  priority: '--priority',
  runAt: '--at',
  maxAttempts: '--max-attempts',
};

/** The server checks the rest; here only what would not even be a request. */
function toRequest(
  type: string,
  options: Options & { readonly runAt: string | undefined },
  payload: unknown,
): EnqueueInput {
  const request = {
    type,
    payload,
    idempotencyKey: options.key,
    lane: options.lane,
    mode: options.mode,
    priority: options.priority,
    runAt: options.runAt,
    maxAttempts: options.maxAttempts,
    requireApproval: options.requireApproval,
  };
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  const parsed = enqueueRequestSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = fieldProblems(parsed.error);
  throw new InvalidRequestError(
    'this cannot be queued',
    problems.map(({ field, rule }) => ({ field: OPTIONS[field] ?? field, rule })),
  );
}
