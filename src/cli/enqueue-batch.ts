/** `aol enqueue --batch`: JSON lines, a thousand at a time, each answered. */

import type { AolClient } from '../client/client.ts';
import { type EnqueueInput, enqueueRequestSchema } from '../contracts/http/action.ts';
import type { BatchResult } from '../contracts/http/batch.ts';
import { parseJsonText } from '../contracts/http/json-text.ts';
import { fieldProblems } from '../contracts/http/problem.ts';
import { counted } from '../contracts/words.ts';
import { AolError, errorText, type FieldProblem, InvalidRequestError } from '../domain/errors.ts';
import { MAX_BATCH_ACTIONS, MAX_BATCH_BODY_BYTES } from '../domain/limits.ts';
import { type CliContext, ExitCode } from './context.ts';
import { withProgress } from './terminal/progress.ts';

interface Line {
  readonly number: number;
  readonly action: EnqueueInput;
  readonly bytes: number;
}

/** What keys, commas and the object around the actions may add. */
const SPARE_BYTES = 64 * 1024;
const KEY_BYTES = 64;

/** @throws InvalidRequestError when a line is no action: then nothing was queued */
export async function enqueueFile(context: CliContext, text: string): Promise<number | undefined> {
  const lines = parseLines(text);
  const client = await context.client();
  const results = await withProgress(context.io, 'queueing', async ({ at, say }) => {
    const done: BatchResult[] = [];
    for (const chunk of chunks(lines)) {
      done.push(...(await send(client, chunk, { say, done: done.length })));
      at(done.length, lines.length);
    }
    return done;
  });
  const refused = results.flatMap((result, index) =>
    'problem' in result ? [`\nline ${lines[index]?.number}: ${problemText(result.problem)}`] : [],
  );
  const count = (status: number) => results.filter((result) => result.status === status).length;
  context.print(
    { results },
    () =>
      `${counted(count(201), 'action')} queued, ${count(200)} there already, ${refused.length} refused${refused.join('')}`,
  );
  return refused.length === 0 ? undefined : ExitCode.refused;
}

async function send(
  client: AolClient,
  chunk: readonly Line[],
  { say, done }: { readonly say: (text: string) => void; readonly done: number },
): Promise<BatchResult[]> {
  try {
    return (await client.enqueueMany({ actions: chunk.map(({ action }) => action) })).results;
  } catch (error) {
    const [first] = chunk;
    say(`aol: ${counted(done, 'line was', 'lines were')} answered; it broke off at line ${first?.number ?? 1}`);
    throw error;
  }
}

function parseLines(text: string): Line[] {
  const problems: FieldProblem[] = [];
  const lines: Line[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const field = `line ${index + 1}`;
    try {
      const parsed = enqueueRequestSchema.safeParse(parseJsonText(line));
      if (parsed.success) lines.push({ number: index + 1, action: parsed.data, bytes: Buffer.byteLength(line) });
      else
        problems.push(
          ...fieldProblems(parsed.error).map(({ field: part, rule }) => ({ field, rule: `${part} ${rule}` })),
        );
    } catch (error) {
      if (!(error instanceof AolError)) throw error;
      problems.push({ field, rule: errorText(error) });
    }
  }
  if (problems.length > 0) throw new InvalidRequestError('nothing was queued', problems.slice(0, 20));
  if (lines.length === 0) throw new InvalidRequestError('there is no line in it');
  return lines;
}

/** As many lines as one call takes. */
function* chunks(lines: readonly Line[]): Generator<Line[]> {
  let chunk: Line[] = [];
  let bytes = 0;
  for (const line of lines) {
    const size = line.bytes + KEY_BYTES;
    if (chunk.length === MAX_BATCH_ACTIONS || bytes + size > MAX_BATCH_BODY_BYTES - SPARE_BYTES) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(line);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

function problemText({
  detail,
  errors = [],
}: {
  detail: string;
  errors?: readonly FieldProblem[] | undefined;
}): string {
  const lines = errors.map(({ field, rule }) => `${field} ${rule}`).filter((line) => !detail.includes(line));
  return [detail, ...lines].join('; ');
}
