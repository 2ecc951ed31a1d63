/** What a system under test brings; `child.ts` makes a producer and a worker of it. */

import type { Handler } from '../handler.ts';
import type { Scene } from '../protocol.ts';

export interface System {
  createProducer(scene: Scene): Promise<SystemProducer>;
  createWorker(scene: Scene, handler: Handler): Promise<SystemWorker>;
}

export interface SystemProducer {
  /** Returns when the job is safe. */
  enqueue(job: number): Promise<void>;
  enqueueOverHttp?(job: number): Promise<void>;
  /** One call. Absent where the system has none. */
  enqueueMany?(jobs: readonly number[]): Promise<void>;
  /** Before jobs are queued that must wait. */
  hold?(): Promise<void>;
  /** Lets this many jobs go. */
  go?(count: number): Promise<void>;
  ready?(): Promise<void>;
  /** Whether this many jobs have ended for good. May wait for it. */
  hasFinished(count: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface SystemWorker {
  go?(): Promise<void>;
  close(): Promise<void>;
}
