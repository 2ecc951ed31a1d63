import type { TickAnswer } from '../../contracts/engine/orchestrator.ts';
import { laneNameSchema } from '../../contracts/http/primitives.ts';
import { DEFAULT_LANE } from '../../domain/flags.ts';
import { ExitCode, type Register } from '../context.ts';
import { UsageError } from '../errors.ts';
import { wholeNumber } from '../terminal/options.ts';

/** Beyond the tick interval itself: claim, proofs, a worker that starts. */
const TICK_SPARE_MS = 60_000;

/** `aol run` */
export const registerRun: Register = (program, run) => {
  program
    .command('run')
    .description('run one lane for a number of ticks, then end; starts the servers that it needs')
    .requiredOption('--ticks <n>', 'the number of ticks', wholeNumber(1, 100_000))
    .option('--proof', 'PROOF, even if AOL_PROOF_MODE is 0', false)
    .option('--lane <lane>', 'which lane', DEFAULT_LANE)
    .action((options: { ticks: number; proof: boolean; lane: string }) =>
      run(async (context) => {
        const lane = laneNameSchema.safeParse(options.lane);
        if (!lane.success) throw new UsageError(`--lane ${lane.error.issues[0]?.message ?? 'is wrong'}`);
        const config = await context.config();
        const { withServers } = await import('../up/servers.ts');
        const { isKilled, runTicks } = await import('../run-ticks.ts');
        const { withWorker } = await import('../up/run-worker.ts');
        const proofMode = options.proof || config.proofMode;
        return withServers(config, context.io.talk, async (addresses, signal) =>
          withWorker(
            config,
            addresses,
            { proofMode, lane: lane.data, onlyProof: options.proof, signal },
            async (parts) => {
              const answers = await runTicks({
                temporal: parts.temporal,
                lane: lane.data,
                ticks: options.ticks,
                tickTimeoutMs: parts.tickIntervalMs + TICK_SPARE_MS,
                signal,
                onTick: (number, answer) => {
                  if (!context.json) context.io.out(`tick ${number} of ${options.ticks}: ${describe(answer)}`);
                },
              });
              if (context.json) context.io.out(JSON.stringify({ lane: lane.data, ticks: answers }, undefined, 2));
              if (answers.some(isKilled)) {
                context.io.talk(
                  `aol: lane ${lane.data} is killed; \`aol start --lane ${lane.data}\` or \`aol start\` revives it`,
                );
                return ExitCode.failed;
              }
              return answers.some((answer) => answer.kind === 'failed') ? ExitCode.failed : ExitCode.ok;
            },
          ),
        );
      }),
    );
};

function describe(answer: TickAnswer): string {
  switch (answer.kind) {
    case 'quiet':
      return answer.outcome === 'IDLE' ? 'IDLE, nothing was due' : answer.outcome;
    case 'failed':
      return `failed: ${answer.reason}`;
    case 'proved': {
      const { summary } = answer;
      const parts = (['claimed', 'succeeded', 'failed', 'retried', 'released', 'awaiting', 'running'] as const)
        .filter((name) => name === 'claimed' || summary[name] > 0)
        .map((name) => `${summary[name]} ${name}`);
      return `${summary.outcome ?? 'open'} (${summary.mode}, number ${summary.number}): ${parts.join(', ')}`;
    }
  }
}
