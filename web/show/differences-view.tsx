/** The differences of two effects, for people. */

import { counted } from '../../src/contracts/words.ts';
import { Note } from '../parts/basics.tsx';
import { effectDifferences, wordDifferences } from './differences.ts';

const MAX_SHOWN = 60;

interface Side {
  readonly actionId: string;
  readonly effect: unknown;
}

export function Differences({ before, after }: { readonly before: Side; readonly after: Side }) {
  const found = effectDifferences(before, after);
  if (found.length === 0) {
    return (
      <Note tone="good" icon="check">
        Exactly the same as the last one.
      </Note>
    );
  }
  return (
    <div class="stack">
      <ul class="differences">
        {found.slice(0, MAX_SHOWN).map(({ path, before: old, after: fresh }) => (
          <li key={path}>
            <code class="wrap">{path}</code>
            <p class="wrap">
              {old !== undefined && fresh !== undefined ? (
                wordDifferences(old, fresh).map((word) => <Marked kind={word.kind} text={word.text} />)
              ) : (
                <Marked kind={old === undefined ? 'added' : 'removed'} text={old ?? fresh ?? ''} />
              )}
            </p>
          </li>
        ))}
      </ul>
      {found.length > MAX_SHOWN && <p class="quiet">And {counted(found.length - MAX_SHOWN, 'more difference')}.</p>}
    </div>
  );
}

function Marked({ kind, text }: { readonly kind: 'same' | 'removed' | 'added'; readonly text: string }) {
  if (kind === 'same') return <>{text}</>;
  return kind === 'added' ? <ins>{text}</ins> : <del>{text}</del>;
}
