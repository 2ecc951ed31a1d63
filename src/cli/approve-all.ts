/** `aol approve --all`, `aol reject --all`: a list of what waits and fits, a question, and each decided against what the list showed. */

import type { Command } from 'commander';
import type { ActionSummary } from '../contracts/http/action.ts';
import { counted } from '../contracts/words.ts';
import { MAX_BULK_APPROVALS } from '../domain/limits.ts';
import { type CliContext, ExitCode } from './context.ts';
import { UsageError } from './errors.ts';
import { confirm } from './terminal/confirm.ts';
import { oneLine, table } from './terminal/text.ts';
import { clock, zoned } from './terminal/time.ts';

export interface ManyOptions {
  readonly all: boolean;
  readonly lane?: string;
  readonly type?: string;
  readonly account?: string;
  readonly createdBy?: string;
  readonly reason?: string;
}

export function withFilter(command: Command, all: string): Command {
  return command
    .option('--all', all, false)
    .option('--lane <lane>', 'with --all, only of this lane')
    .option('--type <type>', 'with --all, only of this type')
    .option('--account <name>', 'with --all, only of this account')
    .option('--created-by <name>', 'with --all, only queued by this token')
    .option('--reason <text>', 'for the log');
}

export async function decideAll(
  context: CliContext,
  verb: 'approve' | 'reject',
  { lane, type, account, createdBy, reason }: ManyOptions,
): Promise<number | undefined> {
  const { io, print } = context;
  const client = await context.client();
  const { items, total } = await client.listActionSummaries({
    status: 'AWAITING_APPROVAL',
    order: 'expires',
    limit: MAX_BULK_APPROVALS,
    lane,
    type,
    account,
    createdBy,
  });
  if (items.length === 0) {
    print({ results: [] }, () => 'nothing waits for approval and fits');
    return undefined;
  }
  io.talk(listed(items));
  const left = total > items.length ? ` of ${total}` : '';
  const which = counted(items.length, 'action');
  await confirm(io, {
    what:
      verb === 'approve'
        ? `approve has ${which}${left} sent for REAL: those above`
        : `reject cancels ${which}${left} for good`,
    question: verb === 'approve' ? `Send these ${which}?` : `Cancel these ${which}?`,
  });
  const answer = await client.decideApprovals({
    ...(verb === 'approve' ? { approve: items.map(approval) } : { reject: items.map(({ id }) => ({ id })) }),
    reason,
  });
  const refused = answer.results.flatMap((result) => ('problem' in result ? [result] : []));
  print(answer, () => {
    const done = `${counted(answer.results.length - refused.length, 'action')} ${verb === 'approve' ? 'approved' : 'rejected'}`;
    return [done, ...refused.map(({ id, problem }) => `${id}: ${problem.detail}`)].join('\n');
  });
  return refused.length === 0 ? undefined : ExitCode.refused;
}

function approval({ id, artifactSha256 }: ActionSummary): { readonly id: string; readonly sha256: string } {
  if (artifactSha256 === null) throw new UsageError(`${id} waits without an artifact: look at it by itself`);
  return { id, sha256: artifactSha256 };
}

function listed(items: readonly ActionSummary[]): string {
  const rows = items.map(({ id, lane, summary, runAt, createdBy, artifactSha256, approval: { expires } }) => [
    id,
    lane,
    oneLine(summary, 70),
    clock(runAt),
    expires === null ? '-' : clock(expires),
    createdBy,
    (artifactSha256 ?? '-').slice(0, 12),
  ]);
  return table(['ID', 'LANE', 'WHAT', zoned('DUE'), 'RUNS OUT', 'ASKED BY', 'SHA-256'], rows);
}
