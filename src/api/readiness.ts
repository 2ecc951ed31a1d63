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
  /** Temporal's last answer, which may have come too late for those who asked. */
  #answered: { readonly health: Dependencies['temporal']; readonly atMs: number } | undefined;

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
    return { postgres: await postgres, temporal: inTime ?? this.#recent() ?? silent(temporalMs) };
  }

  /** PostgreSQL over the connections that stops go over: whoever uses up the others takes nobody's stop away. */
  #ask() {
    const { database, controlDatabase = database, temporal } = this.#ports;
    const answer = temporal.health().then((health) => {
      this.#answered = { health, atMs: performance.now() };
      return health;
    });
    return { postgres: postgresHealth(controlDatabase), temporal: answer };
  }

  #recent(): Dependencies['temporal'] | undefined {
    const { health, atMs } = this.#answered ?? { atMs: Number.NEGATIVE_INFINITY };
    return performance.now() - atMs <= KEPT_MS ? health : undefined;
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
