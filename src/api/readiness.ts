/** Whether this server can take decisions and stops. Asked for by anybody, by each page again and again; found out at most once a second. */

import type { Readiness } from '../contracts/http/status.ts';
import { postgresHealth } from '../db/look/health.ts';
import type { ApiPorts } from './context.ts';

type Dependencies = Readiness['dependencies'];

const KEPT_MS = 1_000;

export class ReadinessCheck {
  readonly #ports: Pick<ApiPorts, 'database' | 'controlDatabase' | 'temporal'>;
  #asked: { readonly [name in keyof Dependencies]: Promise<Dependencies[name]> } | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: Pick<ApiPorts, 'database' | 'controlDatabase' | 'temporal'>) {
    this.#ports = ports;
  }

  /**
   * Never throws. Calls within a second share an answer, and no answer is older than that.
   * @param temporalMs how long a Temporal that says nothing may keep the caller waiting; then it counts as away
   */
  async dependencies(temporalMs: number): Promise<Dependencies> {
    if (this.#asked === undefined || performance.now() - this.#askedAtMs > KEPT_MS) {
      this.#askedAtMs = performance.now();
      this.#asked = this.#ask();
    }
    const { postgres, temporal } = this.#asked;
    const inTime = await within(temporal, temporalMs);
    return { postgres: await postgres, temporal: inTime ?? silent(temporalMs) };
  }

  /** PostgreSQL over the connections that stops go over: whoever uses up the others takes nobody's stop away. */
  #ask() {
    const { database, controlDatabase = database, temporal } = this.#ports;
    return { postgres: postgresHealth(controlDatabase), temporal: temporal.health() };
  }
}

function silent(afterMs: number): Dependencies['temporal'] {
  return { ok: false, detail: `no answer within ${afterMs} ms`, latencyMs: null };
}

async function within<Result>(promise: Promise<Result>, limitMs: number): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limitMs, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
