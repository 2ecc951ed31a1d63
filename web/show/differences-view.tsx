/** The differences of two effects, for people. */

import { useMemo } from 'preact/hooks';
import { counted } from '../../src/contracts/words.ts';
import { Note } from '../parts/basics.tsx';
import { type Change, changesOf, type Difference, effectDifferences } from './differences.ts';
import { Folded } from './folded.tsx';

const MAX_SHOWN = 60;
const LINES = 12;

interface Side {
  readonly actionId: string;
  readonly effect: unknown;
}

export function Differences({ before, after }: { readonly before: Side; readonly after: Side }) {
  const found = useMemo(
    () => effectDifferences(before, after),
    [before.actionId, before.effect, after.actionId, after.effect],
  );
  const shown = useMemo(() => found.slice(0, MAX_SHOWN), [found]);
  const changes = useMemo(
    () => changesOf(shown.map((difference) => [difference.before ?? '', difference.after ?? ''])),
    [shown],
  );
  if (found.length === 0) {
    return (
      <Note tone="good" icon="check">
        Exactly the same.
      </Note>
    );
  }
  return (
    <div class="stack">
      <ul class="differences">
        {shown.map((difference, index) => (
          <li key={difference.path}>
            <code class="wrap">{difference.path}</code>
            <Changed difference={difference} change={changes[index]} />
          </li>
        ))}
      </ul>
      {found.length > MAX_SHOWN && <p class="quiet">And {counted(found.length - MAX_SHOWN, 'more difference')}.</p>}
    </div>
  );
}

function Changed({ difference, change }: { readonly difference: Difference; readonly change: Change | undefined }) {
  if (change?.kind === 'words') {
    return (
      <p class="wrap">
        {change.words.map(({ kind, text }) =>
          kind === 'same' ? text : kind === 'added' ? <ins>{text}</ins> : <del>{text}</del>,
        )}
      </p>
    );
  }
  return (
    <div class="wrap whole">
      {difference.before !== undefined && (
        <Folded text={difference.before} lines={LINES}>
          {(text) => <del>{text}</del>}
        </Folded>
      )}
      {difference.after !== undefined && (
        <Folded text={difference.after} lines={LINES}>
          {(text) => <ins>{text}</ins>}
        </Folded>
      )}
    </div>
  );
}
