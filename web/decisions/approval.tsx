/** One approval, opened: the artifact, its hash checked here, what differs from the last approved one, and what can be decided. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { ChangesRequested } from '../parts/changes-requested.tsx';
import { DecisionButtons } from '../parts/decide.tsx';
import { LastApproved } from '../parts/last-approved.tsx';
import { ArtifactView, useArtifact } from '../show/artifact.tsx';
import { useSeenSha256 } from '../show/seen-sha256.ts';

interface ApprovalProps {
  readonly action: ActionSummary;
  readonly onDone: (answer: Pick<ActionSummary, 'status'>) => void;
}

export function Approval({ action, onDone }: ApprovalProps) {
  const artifact = useArtifact(action);
  const seenSha256 = useSeenSha256(artifact.data);
  return (
    <>
      <ChangesRequested action={action} />
      <div class="columns">
        <div class="stack">
          <h3>What would be sent</h3>
          <ArtifactView action={action} artifact={artifact} checksAtOnce />
        </div>
        <div class="stack">
          <h3>Differences from what was approved last</h3>
          {artifact.data && <LastApproved action={action} effect={artifact.data.effect} />}
        </div>
      </div>
      <div class="decision-acts">
        <DecisionButtons
          hasKeys
          action={action}
          onDone={onDone}
          seenSha256={seenSha256}
          effect={artifact.data?.effect}
        />
        <a href={`/actions/${action.id}`}>Its page</a>
      </div>
    </>
  );
}
