/** How an action that waits differs from the one of its account that a person approved last. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { useArtifact } from '../show/artifact.tsx';
import { Differences } from '../show/differences-view.tsx';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { At, Failure, Loading, Note } from './basics.tsx';

interface LastApprovedProps {
  readonly action: ActionSummary;
  readonly effect: unknown;
}

export function LastApproved({ action, effect }: LastApprovedProps) {
  const found = useResource(action.id, () => client.getLastApproved(action.id), {
    // What is approved meanwhile is what it is to be compared with.
    isAbout: ({ event, lane }) => lane === action.lane && event === 'APPROVED',
  });
  if (!found.data) {
    return found.error === undefined ? (
      <Loading what="the last one" />
    ) : (
      <Failure error={found.error} retry={found.reload} />
    );
  }
  const last = found.data.action;
  if (!last) {
    return (
      <Note tone="warn" icon="question">
        Nothing was approved for this account before: read all of it.
      </Note>
    );
  }
  return <Compared last={last} action={action} effect={effect} />;
}

function Compared({ last, action, effect }: LastApprovedProps & { readonly last: Omit<ActionSummary, 'summary'> }) {
  const { data, error, reload } = useArtifact(last);
  if (!data)
    return error === undefined ? <Loading what="the other artifact" /> : <Failure error={error} retry={reload} />;
  return (
    <div class="stack">
      <p class="quiet">
        Compared with <a href={`/actions/${last.id}`}>the action</a> that {last.approval.by} approved at{' '}
        <At iso={last.approval.at ?? last.updatedAt} />.
      </p>
      <Differences before={{ actionId: last.id, effect: data.effect }} after={{ actionId: action.id, effect }} />
    </div>
  );
}
