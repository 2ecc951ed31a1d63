/** Watches activities at work: a line of the log, a metric, a span for each step that matters. */

import type { Observer } from '../activities/observer.ts';
import type { Effect } from '../adapters/port.ts';
import type { ArtifactStore } from '../artifacts/port.ts';
import type { ClaimTickInput, ClaimTickResult } from '../contracts/engine/activities.ts';
import type { AttemptResult } from '../db/queue/close.ts';
import { errorText } from '../domain/errors.ts';
import { inSpan, recordFirstSpan, recordSpan, traceIdOf } from '../observability/tracing.ts';
import type { WorkerMetrics } from '../observability/worker-metrics.ts';
import type { WorkerLog } from './log.ts';

export interface Watchers {
  readonly log: WorkerLog;
  readonly metrics: WorkerMetrics;
}

/** Watches proofs and effects from within their activities. */
export function createObserver({ log, metrics }: Watchers): Observer {
  return {
    async claim(input, work) {
      const startedAtMs = Date.now();
      const claim = await work();
      const { lane } = input.holder;
      metrics.tickStep('claim', lane, Date.now() - startedAtMs);
      if (claim.kind === 'claimed') claimed(input, claim, startedAtMs);
      else metrics.quietTick(lane, claim.outcome);
      if (claim.kind === 'claimed' && claim.claimed === claim.effects.length) metrics.effectsTick(lane);
      const detail = claim.kind === 'claimed' ? { claimed: claim.claimed } : { outcome: claim.outcome };
      log.debug({ lane, tickId: input.tickId, number: claim.tickNumber, ...detail }, 'a lane was looked at');
      return claim;
    },
    async prove(tick, work) {
      const startedAtMs = performance.now();
      const summary = await inSpan(tick.tickId, 'prove', {}, work);
      const durationMs = Math.round(performance.now() - startedAtMs);
      metrics.tickStep('prove', tick.lane, durationMs);
      metrics.provedTick(tick.lane, summary);
      const { number, outcome, mode, claimed, succeeded, failed, retried, running } = summary;
      const counts = { claimed, succeeded, failed, retried, running };
      const { lane, tickId } = tick;
      log.info(
        { lane, tickId, traceId: traceIdOf(tickId), number, outcome, mode, ...counts, durationMs },
        'a tick was proved',
      );
      return summary;
    },
    unproved({ lane, tickId }, error) {
      log.warn({ lane, tickId, error: errorText(error, 300) }, 'a tick could not be proved; its lane tries again');
    },
    proof({ lane, tickId }, action, work) {
      const attributes = { ...spanNames({ lane, tickId }), 'aol.type': action.type, 'aol.mode': 'PROOF' };
      return inSpan(action.id, 'attempt', { attributes, linkTo: tickId }, async (span) => {
        const result = await work();
        const outcome = PROOF_OUTCOMES[result.to];
        span.setAttributes({ 'aol.attempt': action.attemptNumber, 'aol.outcome': outcome });
        metrics.proof({ lane, type: action.type, outcome });
        const detail = { ...ids(action.id, { lane, tickId }), attempt: action.attemptNumber, outcome };
        log.debug({ ...detail, durationMs: result.durationMs }, 'a proof ended');
        return result;
      });
    },
    run({ lane, tickId, actionId }, work) {
      const attributes = { ...spanNames({ lane, tickId }), 'aol.mode': 'REAL' };
      return inSpan(actionId, 'attempt', { attributes, linkTo: tickId }, work);
    },
    gate({ actionId }, work) {
      return inSpan(actionId, 'gate', {}, async (span) => {
        const startedAtMs = performance.now();
        const answer = await work();
        const said = answer.kind === 'shut' ? answer.reason : answer.kind;
        metrics.gate(said, performance.now() - startedAtMs);
        span.setAttributes({ 'aol.gate.answer': said });
        return answer;
      });
    },
    perform({ lane, tickId, actionId }, { effect, attempt }, work) {
      const attributes = { 'aol.type': effect.type, 'aol.attempt': attempt, ...requestNames(effect) };
      return inSpan(actionId, 'perform', { attributes, kind: 'client' }, async (span) => {
        const startedAtMs = performance.now();
        const answer = await work();
        const outcome = answer.kind;
        const durationMs = Math.round(performance.now() - startedAtMs);
        span.setAttributes({ 'aol.outcome': outcome });
        metrics.attempt({ lane, type: effect.type, outcome, durationMs });
        log.info(
          { ...ids(actionId, { lane, tickId }), type: effect.type, attempt, outcome, durationMs },
          'an effect ended',
        );
        return answer;
      });
    },
  };
}

const PROOF_OUTCOMES: Readonly<Record<AttemptResult['to'], string>> = {
  SUCCESS: 'done',
  RETRY: 'not_sent',
  DLQ: 'rejected',
};

interface OfTick {
  readonly lane: string;
  readonly tickId: string;
}

/** The fields by which lines of all processes are found. */
function ids(actionId: string, { lane, tickId }: OfTick) {
  return { actionId, lane, tickId, traceId: traceIdOf(actionId) };
}

function spanNames({ lane, tickId }: OfTick) {
  return { 'aol.lane': lane, 'aol.tick.id': tickId };
}

/** Where the request goes; not its path and query, which may hold what is nobody's business. */
function requestNames({ request }: Effect) {
  if (request.protocol !== 'http' || !URL.canParse(request.url)) return {};
  const { hostname, port, protocol } = new URL(request.url);
  const serverPort = Number(port || (protocol === 'https:' ? 443 : 80));
  return { 'http.request.method': request.method, 'server.address': hostname, 'server.port': serverPort };
}

/** The tick's own trace begins, and each effect's trace learns of it. */
function claimed(
  { holder: { lane }, tickId }: ClaimTickInput,
  claim: Extract<ClaimTickResult, { kind: 'claimed' }>,
  startedAtMs: number,
): void {
  const attributes = { ...spanNames({ lane, tickId }), 'aol.tick.number': claim.tickNumber, 'aol.mode': claim.mode };
  if (!claim.resumed)
    recordFirstSpan(tickId, 'tick', { startedAtMs, attributes: { ...attributes, 'aol.claimed': claim.claimed } });
  for (const id of claim.effects) recordSpan(id, 'claim', { startedAtMs, attributes, linkTo: tickId });
}

/** The same store, its failures counted. */
export function observeArtifacts(store: ArtifactStore, metrics: WorkerMetrics): ArtifactStore {
  const counted = async <Result>(storing: Promise<Result>): Promise<Result> => {
    try {
      return await storing;
    } catch (error) {
      metrics.artifactFailed();
      throw error;
    }
  };
  return {
    ...store,
    put: (...artifact) => counted(store.put(...artifact)),
    putAll: (...artifacts) => counted(store.putAll(...artifacts)),
  };
}
