import { setTimeout as delay } from 'node:timers/promises';
import { styleText } from 'node:util';
import type { LaneStatus, Status } from '../../contracts/status.ts';
import { type CliContext, ExitCode, type Register } from '../context.ts';
import { duration, fields, table } from '../text.ts';

const WATCH_INTERVAL_MS = 1_000;

/** `aol status` */
export const registerStatus: Register = (program, run) => {
  program
    .command('status')
    .description('mode and why, lanes, dependencies')
    .option('--watch', 'again each second, until Ctrl+C', false)
    .action((options: { watch: boolean }) =>
      run(async (context) => {
        const client = await context.client();
        const show = async () => printStatus(context, await client.status(), options.watch);
        if (!options.watch) return show();
        while (!context.io.signal?.aborted) {
          await show();
          await delay(WATCH_INTERVAL_MS, undefined, { signal: context.io.signal }).catch(() => undefined);
        }
        return undefined;
      }),
    );
};

function printStatus({ io, json }: CliContext, status: Status, watched: boolean): ExitCode | undefined {
  if (json) io.out(JSON.stringify(status, undefined, watched ? undefined : 2));
  else io.out(`${watched && io.isTerminal ? '\u001b[H\u001b[2J' : ''}${statusText(status, io.color)}`);
  return status.dependencies.postgres.ok ? undefined : ExitCode.unavailable;
}

function statusText(status: Status, color: boolean): string {
  const { workers, dependencies, lanes } = status;
  const health = (name: 'postgres' | 'temporal') =>
    `${dependencies[name].ok ? 'ok' : 'AWAY'}: ${dependencies[name].detail}`;
  const head = fields([
    ['mode', `${status.mode} (${status.why})`],
    ['workers', `${workers.count} (${workers.proof} PROOF, ${workers.real} REAL)`],
    ['postgres', health('postgres')],
    ['temporal', health('temporal')],
  ]);
  const titles = [
    'LANE',
    'MODE',
    'LEASE',
    'PENDING',
    'RUNNING',
    'RETRY',
    'APPROVAL',
    'SUCCESS',
    'UNCONFIRMED',
    'DLQ',
    'OLDEST DUE',
    'LAST TICK',
    'NOTE',
  ];
  const text = `${head}\n\n${table(titles, lanes.map(laneRow))}`;
  return color ? text.replace(/ (GREEN|AMBER|RED) /g, (_, word: Health) => ` ${styleText(COLORS[word], word)} `) : text;
}

type Health = LaneStatus['lease']['health'];
const COLORS = { GREEN: 'green', AMBER: 'yellow', RED: 'red' } as const satisfies Record<Health, string>;

function laneRow({ lane, mode, lease, counts, oldestDueAgeMs, lastTick, flags }: LaneStatus): string[] {
  const count = (status: string) => String(counts[status] ?? 0);
  const notes = [flags.killed === true ? 'killed' : '', flags.paused === true ? 'paused' : ''].filter(Boolean);
  return [
    lane,
    mode,
    lease.health,
    ...['PENDING', 'RUNNING', 'RETRY', 'AWAITING_APPROVAL', 'SUCCESS', 'UNCONFIRMED', 'DLQ'].map(count),
    oldestDueAgeMs === null ? '-' : duration(oldestDueAgeMs),
    lastTick === null ? '-' : `#${lastTick.number} ${lastTick.outcome ?? 'open'}`,
    notes.join(', '),
  ];
}
