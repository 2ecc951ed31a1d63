/** Is it safe: PROOF or REAL or stopped, and why, in words that cannot be confused. */

import type { Status } from '../../src/contracts/http/status.ts';
import { counted } from '../../src/contracts/words.ts';
import { Icon } from '../parts/icon.tsx';
import { sentence } from '../parts/words.ts';
import { allStopped } from '../state/status.ts';

export function Safety({ status }: { readonly status: Status }) {
  const stopped = allStopped.value;
  const real = status.lanes.filter(({ mode }) => mode === 'REAL');
  const state = stopped === 'killed' ? 'STOPPED' : status.mode;
  return (
    <section class="safety" data-mode={state} aria-labelledby="safety-words">
      <div class="safety-sign">
        <Icon name={state === 'STOPPED' ? 'stop' : state === 'REAL' ? 'real' : 'proof'} />
        <span>{state === 'STOPPED' ? 'KILLED' : state}</span>
      </div>
      <div class="safety-words">
        <h2 id="safety-words">{headline(state, stopped === 'paused', real.length, status.lanes.length)}</h2>
        <p>{state === 'STOPPED' ? 'Nothing is sent and nothing starts until Start.' : sentence(status.why)}</p>
        <p class="workers">
          {status.workers.count === 0
            ? 'No worker is running: nothing happens.'
            : `${counted(status.workers.count, 'worker')}: ${status.workers.proof} in PROOF, ${status.workers.real} able to send.`}
        </p>
      </div>
    </section>
  );
}

function headline(state: string, isPaused: boolean, real: number, lanes: number): string {
  if (state === 'STOPPED') return 'Everything is stopped, and stays stopped.';
  const paused = isPaused ? ' All is paused.' : '';
  if (state === 'REAL')
    return `${real} of ${counted(lanes, 'lane')} ${real === 1 ? 'sends' : 'send'} for real.${paused}`;
  return `Nothing is sent. Actions are only proved.${paused}`;
}
