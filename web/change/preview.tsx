/** How the changed version will look, rendered by the server, and what of it differs from the version that is there. */

import type { Action } from '../../src/contracts/http/action.ts';
import { isObject, jsonObjectSchema } from '../../src/contracts/http/json.ts';
import { ACTION_MODES } from '../../src/domain/states.ts';
import { ExactPreview } from '../enqueue/preview.tsx';
import { Panel } from '../parts/basics.tsx';
import { useArtifact } from '../show/artifact.tsx';
import { Differences } from '../show/differences-view.tsx';

interface ChangePreviewProps {
  readonly action: Action;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly isReady: boolean;
}

export function ChangePreview({ action, payload, isReady }: ChangePreviewProps) {
  const { type, lane } = action;
  const mode = ACTION_MODES.find((one) => one === action.mode);
  const request = isReady ? { type, lane, mode, payload: jsonObjectSchema.parse(payload) } : undefined;
  return (
    <Panel title="How it would look" note="Rendered by the server: the exact request.">
      <ExactPreview request={request}>
        {(effect) => action.artifactSha256 !== null && <Changed action={action} effect={effect} />}
      </ExactPreview>
    </Panel>
  );
}

function Changed({ action, effect }: { readonly action: Action; readonly effect: unknown }) {
  const { data } = useArtifact(action);
  if (!data) return null;
  return (
    <div class="stack">
      <h3>Differences from the current version</h3>
      <Differences
        before={{ actionId: action.id, effect: data.effect }}
        after={{ actionId: keyedFor(effect), effect }}
      />
    </div>
  );
}

/** The id that it was rendered for, which is none of an action. */
function keyedFor(effect: unknown): string {
  const request = isObject(effect) ? effect.request : undefined;
  const headers = isObject(request) ? request.headers : undefined;
  const key = isObject(headers) ? headers['idempotency-key'] : undefined;
  return typeof key === 'string' ? key.replace(/^aol-/u, '') : '';
}
