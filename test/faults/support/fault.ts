/** What a fault is, how one run of it is judged, and the load that most of them hit. */

import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { type Checked, checkAll } from './check.ts';
import { replayProblems } from './histories.ts';
import { keepEvidence } from './keep.ts';
import { type LoadPlan, MIXED } from './load.ts';
import { seedFor } from './random.ts';
import { openScene, type Scene, type SceneOptions } from './scene.ts';
import type { Servers } from './servers.ts';

/** What a fault's own code found, besides what is checked after every run. */
export interface Findings {
  /** From the fault's end to the first new effect. */
  readonly recoveryMs?: number;
  /** What was not as it has to be. */
  readonly problems?: readonly string[];
  /** Why this run proves nothing. */
  readonly vacuous?: string | undefined;
  /** For the table. */
  readonly note?: string;
}

export interface Fault {
  readonly id: string;
  readonly title: string;
  /** Whether `--quick` runs it. */
  readonly quick?: boolean;
  /** Takes many minutes: run only where it is named. */
  readonly long?: boolean;
  readonly scene?: Omit<SceneOptions, 'seed'>;
  readonly maxRecoveryMs?: number;
  readonly settleLimitMs?: number;
  /** It has no workflows, or other ones than the build: nothing is replayed. */
  readonly ownWorkflows?: boolean;
  play(scene: Scene): Promise<Findings>;
  /** What has to be true of this fault's rows, besides the invariants. */
  judge?(checked: Checked, scene: Scene): readonly string[];
}

export interface RunResult {
  readonly fault: string;
  readonly seed: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly recoveryMs: number | undefined;
  readonly verdict: 'passed' | 'failed' | 'vacuous';
  readonly problems: readonly string[];
  readonly note: string;
  readonly tookMs: number;
}

const PLAY_LIMIT_MS = 240_000;
const LONG_PLAY_LIMIT_MS = 1_800_000;

/** One run. What the fault's code throws is a failure of the run. */
export async function runFault(
  servers: Servers,
  fault: Fault,
  seed: number,
  options: { readonly keepIn?: string | undefined; readonly replay?: boolean } = {},
): Promise<RunResult> {
  const startedMs = performance.now();
  let scene: Scene | undefined;
  try {
    scene = await openScene(servers, { ...fault.scene, seed: seedFor(fault.id, seed) });
    const findings = await within(fault.play(scene), fault.long ? LONG_PLAY_LIMIT_MS : PLAY_LIMIT_MS);
    await scene.load.stop();
    const checked = await checkAll(scene, fault.settleLimitMs);
    const problems = [
      ...(findings.problems ?? []),
      ...tooSlow(fault, findings),
      ...checked.lost.map((text) => `lost: ${text}`),
      ...checked.duplicates.map((text) => `duplicate: ${text}`),
      ...checked.problems,
      ...(fault.judge?.(checked, scene) ?? []),
      ...(options.replay && !fault.ownWorkflows ? await replayProblems(scene) : []),
    ];
    const vacuous = findings.vacuous ?? tooFewAcknowledged(scene);
    return {
      fault: fault.id,
      seed,
      lost: checked.lost.length,
      duplicates: checked.duplicates.length,
      recoveryMs: findings.recoveryMs,
      verdict: problems.length > 0 ? 'failed' : vacuous ? 'vacuous' : 'passed',
      problems: [...problems, ...(vacuous ? [`does not count: ${vacuous}`] : [])],
      note: [findings.note, statusText(checked)].filter(Boolean).join('; '),
      tookMs: performance.now() - startedMs,
    };
  } catch (error) {
    return {
      fault: fault.id,
      seed,
      lost: 0,
      duplicates: 0,
      recoveryMs: undefined,
      verdict: 'failed',
      problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
      note: '',
      tookMs: performance.now() - startedMs,
    };
  } finally {
    await Promise.all([servers.postgres.start(), servers.temporal.start()]);
    if (scene && options.keepIn !== undefined) await keepEvidence(scene, options.keepIn, `${fault.id}-${seed}`);
    await scene?.close();
  }
}

function tooSlow({ maxRecoveryMs }: Fault, { recoveryMs }: Findings): string[] {
  if (maxRecoveryMs === undefined || recoveryMs === undefined || recoveryMs <= maxRecoveryMs) return [];
  return [`recovered after ${Math.round(recoveryMs)} ms, allowed are ${maxRecoveryMs}`];
}

function tooFewAcknowledged({ load }: Scene): string | undefined {
  if (load.asked === 0) return undefined;
  const share = load.acknowledged.length / load.asked;
  return share < 0.95 ? `only ${Math.round(share * 100)} % of the enqueues were acknowledged` : undefined;
}

function statusText({ statuses }: Checked): string {
  return Object.entries(statuses)
    .sort()
    .map(([status, count]) => `${count} ${status}`)
    .join(', ');
}

export interface UnderLoad {
  readonly plan?: LoadPlan;
  /** Effects before the fault and after it. */
  readonly effects?: number;
  /** Called with something in flight. Resolves at the fault's end, with when that was. */
  readonly hit: () => Promise<number>;
}

/** Load, effects, the fault in the middle of them, effects again. */
export async function underLoad(scene: Scene, { plan = MIXED, effects = 10, hit }: UnderLoad): Promise<Findings> {
  const { load, receiver, random } = scene;
  const effectCount = () => receiver.arrivals.filter(({ isEffect }) => isEffect).length;
  load.start(plan);
  await until('effects before the fault', () => effectCount() >= effects, 30_000);
  await delay(random.whole(0, 300));
  await until('something in flight', () => receiver.open() > 0);
  const inFlight = receiver.open();
  const endedAt = await hit();
  const first = await until(
    'an effect after the fault',
    () => receiver.arrivals.find(({ at, isEffect }) => isEffect && at > endedAt),
    60_000,
  ).catch(() => undefined);
  if (!first) return { problems: ['no effect within 60 s of the end of the fault'] };
  const before = effectCount();
  await until('effects after the fault', () => effectCount() >= before + effects, 60_000);
  return { recoveryMs: first.at - endedAt, note: `${inFlight} in flight` };
}

async function within<Result>(work: Promise<Result>, limitMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the fault's own play took longer than ${limitMs / 1_000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, overdue]);
  } finally {
    clearTimeout(timer);
  }
}

/** Now, by the clock that the receiver writes down. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
