/** A process of one system: `child.ts <system> <role> <scene as JSON>`. Its parent calls methods over IPC. */

import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { Handler } from './handler.ts';
import {
  NOT_MEASURED,
  NotMeasured,
  nowNs,
  type Producer,
  type Reply,
  type Request,
  type Scene,
  type Span,
  type SystemName,
  type Worker,
} from './protocol.ts';
import type { System, SystemProducer } from './systems/system.ts';

const BULK_CALL = 1_000;
const POLL_MS = 3;

const load: Readonly<Record<SystemName, () => Promise<System>>> = {
  aol: async () => (await import('./systems/aol.ts')).aol,
  'bare-temporal': async () => (await import('./systems/bare-temporal.ts')).bareTemporal,
  'pg-boss': async () => (await import('./systems/pg-boss.ts')).pgBoss,
  'pg-boss-defaults': async () => (await import('./systems/pg-boss.ts')).pgBossDefaults,
  'graphile-worker': async () => (await import('./systems/graphile-worker.ts')).graphileWorker,
};

// A child whose parent is gone must not stay.
process.once('disconnect', () => process.exit(1));
process.once('SIGINT', () => undefined);

const [, , name, role, sceneText = ''] = process.argv;
const scene: Scene = JSON.parse(sceneText);
const system = await loadSystem(name);
const target: Producer | Worker = role === 'producer' ? await producer(system) : await worker(system);
process.on('message', (request: Request) => void answer(request));
reply({ kind: 'ready' });

function loadSystem(wanted: string | undefined): Promise<System> {
  const found = Object.entries(load).find(([known]) => known === wanted);
  if (!found) throw new Error(`there is no system ${wanted}`);
  return found[1]();
}

async function answer({ id, method, args }: Request): Promise<void> {
  try {
    const called: unknown = Reflect.get(target, method);
    if (typeof called !== 'function') throw new Error(`a ${role} has no method ${method}`);
    reply({ kind: 'answer', id, value: await called.apply(target, args) });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    reply({ kind: 'failure', id, message: error instanceof NotMeasured ? NOT_MEASURED + text : text });
  }
  if (method === 'close') process.disconnect();
}

function reply(message: Reply): void {
  process.send?.(message);
}

async function producer({ createProducer }: System): Promise<Producer> {
  const queue = await createProducer(scene);
  return {
    enqueueEach: (first, count, pauseMs, step = 1) =>
      spans(numbers(first, count, step), pauseMs, (job) => queue.enqueue(job)),
    async enqueueOverHttp(count) {
      const enqueue = queue.enqueueOverHttp;
      if (!enqueue) throw new NotMeasured('it has no API');
      return spans(numbers(0, count), [0, 0], enqueue);
    },
    async enqueueBulk(count) {
      const from = nowNs();
      await enqueueAll(queue, count);
      return nowNs() - from;
    },
    async fill(count) {
      await queue.hold?.();
      if (queue.enqueueMany) await enqueueAll(queue, count);
    },
    go: async (count) => queue.go?.(count),
    ready: async () => queue.ready?.(),
    async finished(count) {
      while (!(await queue.hasFinished(count))) await delay(POLL_MS);
      return nowNs();
    },
    close: () => queue.close(),
  };
}

function numbers(first: number, count: number, step = 1): number[] {
  return Array.from({ length: count }, (_, index) => first + index * step);
}

async function spans(
  jobs: readonly number[],
  [least, most]: readonly [number, number],
  enqueue: (job: number) => Promise<void>,
): Promise<Span[]> {
  const measured: Span[] = [];
  for (const job of jobs) {
    const from = nowNs();
    await enqueue(job);
    measured.push({ from, to: nowNs() });
    if (most > 0) await delay(least + Math.random() * (most - least));
  }
  return measured;
}

async function enqueueAll({ enqueueMany }: SystemProducer, count: number): Promise<void> {
  if (!enqueueMany) throw new NotMeasured('it has no bulk call');
  for (let first = 0; first < count; first += BULK_CALL) {
    const size = Math.min(BULK_CALL, count - first);
    await enqueueMany(numbers(first, size));
  }
}

async function worker({ createWorker }: System): Promise<Worker> {
  const handler = new Handler();
  const running = await createWorker(scene, handler);
  return {
    async behave(behaviour) {
      handler.behaviour = behaviour;
      handler.isWatched ||= behaviour.kind === 'hang';
    },
    go: async () => running.go?.(),
    began: (count) => handler.began(count),
    beginnings: async () => handler.beginnings(),
    peakRssBytes: async () => process.resourceUsage().maxRSS * 1024,
    close: () => running.close(),
  };
}
