/** Whether this server can take decisions and stops. Asked for by anybody, by each page again and again; found out at most once a second. */

import type { Readiness } from '../contracts/http/status.ts';
import { postgresHealth } from '../db/look/health.ts';
import type { ApiPorts } from './context.ts';

type Dependencies = Readiness['dependencies'];

const KEPT_MS = 1_000;
/** A probe has little time: what Temporal says later is told next time. */
const TEMPORAL_MS = 300;

export class ReadinessCheck {
  readonly #ports: Pick<ApiPorts, 'database' | 'controlDatabase' | 'temporal'>;
  #asked: Promise<Dependencies> | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #temporal: Dependencies['temporal'] = { ok: false, detail: 'not asked yet', latencyMs: null };

  constructor(ports: Pick<ApiPorts, 'database' | 'controlDatabase' | 'temporal'>) {
    this.#ports = ports;
  }

  /** Never throws. Calls within a second share an answer. */
  dependencies(): Promise<Dependencies> {
    if (this.#asked === undefined || performance.now() - this.#askedAtMs > KEPT_MS) {
      this.#askedAtMs = performance.now();
      this.#asked = this.#ask();
    }
    return this.#asked;
  }

  /** PostgreSQL over the connections that stops go over: whoever uses up the others takes nobody's stop away. */
  async #ask(): Promise<Dependencies> {
    const { database, controlDatabase = database, temporal } = this.#ports;
    const temporalAsked = temporal.health().then((health) => {
      this.#temporal = health;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TEMPORAL_MS);
    });
    const [postgres] = await Promise.all([postgresHealth(controlDatabase), Promise.race([temporalAsked, late])]);
    clearTimeout(timer);
    return { postgres, temporal: this.#temporal };
  }
}
