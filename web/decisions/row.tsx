/** One thing to decide as a row: what, to whom, as whom, until when. Opened, all of it. */

import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { At, ModeTag, Tag } from '../parts/basics.tsx';
import { Whom } from '../parts/whom.tsx';
import { localTimes, shortened } from '../parts/words.ts';
import { plainReason } from '../show/reason.ts';

interface RowProps {
  readonly action: ActionSummary;
  readonly isOpen: boolean;
  readonly isSelected: boolean;
  /** Whether somebody else decided it meanwhile. */
  readonly isGone: boolean;
  readonly toggle: (id: string) => void;
  /** Absent: nothing is decided about many of them. */
  readonly select: ((id: string, isOn: boolean) => void) | undefined;
  /** What is shown when it is open. */
  readonly children: ComponentChildren;
}

export function DecisionRow({ action, isOpen, isSelected, isGone, toggle, select, children }: RowProps) {
  const title = shortened(action.summary, 160);
  return (
    <li
      class="decision"
      data-id={action.id}
      data-open={isOpen || undefined}
      data-selected={isSelected || undefined}
      data-gone={isGone || undefined}
    >
      <div class="decision-row">
        {select && (
          <input
            type="checkbox"
            aria-label={`Select ${shortened(action.summary, 60)}`}
            checked={isSelected && !isGone}
            disabled={isGone}
            onChange={(event) => select(action.id, event.currentTarget.checked)}
          />
        )}
        <div class="decision-what">
          <h2>
            <button
              type="button"
              class="decision-title wrap"
              aria-expanded={isOpen}
              disabled={isGone}
              onClick={() => toggle(action.id)}
            >
              {title}
            </button>
          </h2>
          {isGone ? (
            <p class="quiet">
              It no longer waits: it was decided elsewhere, or ran out. <a href={`/actions/${action.id}`}>Look at it</a>
            </p>
          ) : (
            <Facts action={action} />
          )}
        </div>
      </div>
      {isOpen && !isGone && <div class="decision-open">{children}</div>}
    </li>
  );
}

/** Drawn anew only when something of it changed: a hundred rows stay cheap while others change. */
function Facts({ action }: { readonly action: ActionSummary }) {
  return useMemo(
    () => (
      <>
        <Whom action={action} />
        <p class="decision-facts">
          <ModeTag mode={action.mode} />
          <span>
            {action.type} in lane {action.lane}, asked by {action.createdBy}
          </span>
          {action.status === 'AWAITING_APPROVAL' ? <Times action={action} /> : <Trouble action={action} />}
        </p>
      </>
    ),
    [action.id, action.updatedAt, action.waiting],
  );
}

function Times({ action: { runAt, approval, approvalExpiresFirst, waiting } }: { readonly action: ActionSummary }) {
  const isLater = Date.parse(runAt) > Date.now();
  return (
    <>
      {isLater && (
        <span>
          due <At iso={runAt} />
        </span>
      )}
      {approval.expires && (
        <span>
          runs out <At iso={approval.expires} />
        </span>
      )}
      {approvalExpiresFirst && (
        <Tag tone="warn" icon="warning">
          runs out before it is due
        </Tag>
      )}
      {approval.changesRequested && (
        <Tag tone="warn" icon="message">
          changes requested
        </Tag>
      )}
      {waiting && <span>{localTimes(waiting)}</span>}
    </>
  );
}

function Trouble({ action: { dlqReason, lastError, updatedAt } }: { readonly action: ActionSummary }) {
  return (
    <>
      <span>
        since <At iso={updatedAt} />
      </span>
      {dlqReason !== null && (
        <Tag tone="bad" icon="cross">
          {dlqReason}
        </Tag>
      )}
      {lastError !== null && <span class="wrap">{shortened(plainReason(lastError), 160)}</span>}
    </>
  );
}
