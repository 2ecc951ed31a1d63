/** One approval: the artifact, its hash checked here, what differs from the last one, yes or no. */

import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { At } from '../parts/basics.tsx';
import { DecisionButtons } from '../parts/decide.tsx';
import { LastApproved } from '../parts/last-approved.tsx';
import { ArtifactView, useArtifact } from '../show/artifact.tsx';
import { useSeenSha256 } from '../show/seen-sha256.ts';
import { DecisionHead } from './head.tsx';

export function Approval({ action, onDone }: { readonly action: ActionSummary; readonly onDone: () => void }) {
  const artifact = useArtifact(action);
  const seenSha256 = useSeenSha256(artifact.data);
  return (
    <>
      <DecisionHead action={action} />
      <div class="columns">
        <div class="stack">
          <h3>What would be sent</h3>
          <ArtifactView action={action} artifact={artifact} checksAtOnce />
        </div>
        <div class="stack">
          <h3>Differences from the last one</h3>
          {artifact.data && <LastApproved action={action} effect={artifact.data.effect} />}
        </div>
      </div>
      <div class="decision-acts">
        <DecisionButtons action={action} onDone={onDone} seenSha256={seenSha256} effect={artifact.data?.effect} />
        {action.approval.expires && (
          <span class="quiet">
            Runs out at <At iso={action.approval.expires} />; then it is cancelled.
          </span>
        )}
      </div>
    </>
  );
}
