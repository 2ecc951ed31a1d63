/** How an action that waits differs from what was approved last for the same account. */

import type { Action } from '../../src/contracts/http/action.ts';
import { useArtifact } from '../show/artifact.tsx';
import { Differences } from '../show/differences-view.tsx';
import { useResource } from '../state/resource.ts';
import { client } from '../state/session.ts';
import { At, Failure, Loading, Note } from './basics.tsx';

interface LastApprovedProps {
  readonly action: Action;
  readonly effect: unknown;
}

export function LastApproved({ action, effect }: LastApprovedProps) {
  const found = useResource(action.id, () => client.getLastApproved(action.id), { isLive: false });
  if (!found.data) {
    return found.error === undefined ? (
      <Loading what="what was approved last" />
    ) : (
      <Failure error={found.error} retry={found.reload} />
    );
  }
  const last = found.data.action;
  if (!last) {
    return (
      <Note tone="warn" icon="question">
        Nothing was approved for this account before: look at all of it.
      </Note>
    );
  }
  return <Compared last={last} effect={effect} />;
}

function Compared({ last, effect }: { readonly last: Action; readonly effect: unknown }) {
  const { data, error, reload } = useArtifact(last);
  if (!data)
    return error === undefined ? <Loading what="the other artifact" /> : <Failure error={error} retry={reload} />;
  return (
    <div class="stack">
      <p class="quiet">
        Compared with <a href={`/actions/${last.id}`}>the action</a> of <At iso={last.finishedAt ?? last.updatedAt} />
        {last.approval.by && `, approved by ${last.approval.by}`}.
      </p>
      <Differences before={data.effect} after={effect} />
    </div>
  );
}
