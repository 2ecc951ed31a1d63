import type { ActionSummary } from '../../src/contracts/http/action.ts';
import { At, Note } from './basics.tsx';

/** What a person wants to be different; nothing where nobody does. */
export function ChangesRequested({ action: { approval } }: { readonly action: Pick<ActionSummary, 'approval'> }) {
  const asked = approval.changesRequested;
  if (!asked) return null;
  return (
    <Note tone="warn" icon="message">
      <span class="wrap">
        <b>{asked.by} requests changes:</b> {asked.reason} <At iso={asked.at} />
      </span>
    </Note>
  );
}
