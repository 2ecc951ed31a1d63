/** JSON as text, cut where it is endless. */

import { useState } from 'preact/hooks';
import { count } from '../../src/contracts/words.ts';

const MAX_SHOWN = 20_000;

export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
  return <Text text={JSON.stringify(value, null, 2) ?? 'nothing'} label={label} />;
}

export function Text({ text, label }: { readonly text: string; readonly label: string }) {
  const [isWhole, setWhole] = useState(false);
  const isCut = text.length > MAX_SHOWN && !isWhole;
  return (
    <div class="text-box">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="text-scroll" tabIndex={0} aria-label={label}>
        <pre>{isCut ? text.slice(0, MAX_SHOWN).toWellFormed() : text}</pre>
      </section>
      {isCut && (
        <button type="button" class="button" data-size="small" onClick={() => setWhole(true)}>
          Show all {count(text.length)} characters
        </button>
      )}
    </div>
  );
}
