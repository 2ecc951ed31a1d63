/** One decision about many actions: a count and a list of what it means first, and afterwards which of them it could not reach. */

import { useState } from 'preact/hooks';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import type { DlqAnswer } from '../../src/contracts/http/decisions.ts';
import { count, counted, statusMeaning } from '../../src/contracts/words.ts';
import { say } from '../state/toasts.ts';
import { At } from './basics.tsx';
import { ask } from './confirm.tsx';
import { Whom } from './whom.tsx';
import { shortened } from './words.ts';

const LISTED = 8;

export interface Failed {
  readonly id: string;
  readonly why: string;
}

export interface Many {
  readonly verb: string;
  /** `Approved` */
  readonly done: string;
  /** What becomes of them, after `12 actions will`. */
  readonly will: string;
  readonly kind?: 'primary' | 'danger';
  /** Those that are listed, which may be the first ones only. */
  readonly actions: readonly ActionSummary[];
  readonly changed: number;
  /** What else is to be known, such as how many are left for another press. */
  readonly note?: string | undefined;
  /** Each is answered by itself. */
  readonly send: (reason: string | undefined) => Promise<{ readonly done: number; readonly failed: readonly Failed[] }>;
  readonly onDone: (failed: ReadonlySet<string>) => void;
}

export function askMany({ verb, done, will, kind, actions, changed, note, send, onDone }: Many): void {
  ask({
    title: `${verb} ${counted(changed, 'action')}?`,
    isWide: true,
    effect: (
      <>
        <p>
          <b class="number">{count(changed)}</b> will {will}. {note}
        </p>
        <Listed actions={actions} changed={changed} />
      </>
    ),
    verb: `${verb} ${count(changed)}`,
    kind: kind ?? 'primary',
    asksReason: true,
    async act(reason) {
      const answer = await send(reason);
      onDone(new Set(answer.failed.map(({ id }) => id)));
      if (answer.failed.length === 0) say(`${done} ${count(answer.done)}`);
      else tellFailed(`${done} ${count(answer.done)}, ${count(answer.failed.length)} not`, answer.failed, actions);
    },
  });
}

/** What is said where more fits than one press takes. */
export function leftOf(fitting: number, most: number): string | undefined {
  return fitting > most ? `One press takes ${count(most)}: ${count(fitting - most)} are left for the next.` : undefined;
}

/** Those that a call about many left as they are. */
export function refusedOf({ refused }: Pick<DlqAnswer, 'refused'>): readonly Failed[] {
  return refused.map(({ id, currentStatus }) => ({
    id,
    why: currentStatus === null ? 'It is not there any more.' : `It ${statusMeaning(currentStatus)}.`,
  }));
}

function Listed({ actions, changed }: Pick<Many, 'actions' | 'changed'>) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? actions : actions.slice(0, LISTED);
  return (
    <>
      <ul class="many" aria-label="What it is about">
        {shown.map((action) => (
          <li key={action.id}>
            <b class="wrap">{shortened(action.summary, 120)}</b>
            <Whom action={action} />
            <span class="quiet">
              {action.lane}
              {Date.parse(action.runAt) > Date.now() && (
                <>
                  , due <At iso={action.runAt} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
      {changed > shown.length && (
        <div>
          {isWhole ? (
            <span class="quiet">And {count(changed - shown.length)} more.</span>
          ) : (
            <button type="button" class="button" data-size="small" onClick={() => setWhole(true)}>
              {count(changed - shown.length)} more
            </button>
          )}
        </div>
      )}
    </>
  );
}

function tellFailed(title: string, failed: readonly Failed[], actions: readonly ActionSummary[]): void {
  const summaries = new Map(actions.map(({ id, summary }) => [id, summary]));
  ask({
    title,
    isWide: true,
    effect: (
      <>
        <p>Each was decided separately. These did not change:</p>
        <ul class="many" aria-label="What was not done">
          {failed.map(({ id, why }) => (
            <li key={id}>
              <a class="wrap" href={`/actions/${id}`}>
                {shortened(summaries.get(id) ?? id, 120)}
              </a>
              <span class="problem wrap">{why}</span>
            </li>
          ))}
        </ul>
      </>
    ),
  });
}
