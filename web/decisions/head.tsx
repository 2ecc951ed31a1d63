import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { At, ModeTag, StatusTag } from '../parts/basics.tsx';
import { shortened } from '../parts/words.ts';

/** Which action it is about. */
export function DecisionHead({ action }: { readonly action: ActionSummary }) {
  return (
    <div class="stack">
      <div class="row">
        <StatusTag status={action.status} />
        <ModeTag mode={action.mode} />
        <span class="quiet">
          {action.type} in lane {action.lane}, queued by {action.createdBy} at <At iso={action.createdAt} />
        </span>
      </div>
      <h2 class="wrap">
        <a href={`/actions/${action.id}`}>{shortened(action.summary, 140)}</a>
      </h2>
    </div>
  );
}
