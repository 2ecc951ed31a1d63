import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { foldOf } from './fold.ts';

const LINES = 24;

interface FoldedProps {
  readonly text: string;
  /** Infinite: it is not folded at all. */
  readonly lines?: number | undefined;
  readonly children: (text: string) => ComponentChildren;
}

/** The first lines of a long text, and a button that says how much more there is. Nothing scrolls by itself. */
export function Folded({ text, lines = LINES, children }: FoldedProps) {
  const [isWhole, setWhole] = useState(false);
  const fold = useMemo(() => foldOf(text, lines), [text, lines]);
  if (!fold) return <>{children(text)}</>;
  return (
    <>
      {children(isWhole ? text : fold.shown)}
      <div class="unfold">
        <button
          type="button"
          class="button"
          data-size="small"
          aria-expanded={isWhole}
          onClick={() => setWhole(!isWhole)}
        >
          {isWhole ? 'Show less' : fold.more}
        </button>
      </div>
    </>
  );
}
