/** The words of these pages, behind a "?". */

import { useRef } from 'preact/hooks';
import { GLOSSARY } from './glossary-words.ts';
import { Icon } from './icon.tsx';

export function Glossary() {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button
        type="button"
        class="button"
        data-kind="plain"
        data-icon-only
        title="What the words mean"
        aria-label="What the words mean"
        onClick={() => dialog.current?.showModal()}
      >
        <Icon name="question" />
      </button>
      <dialog ref={dialog} aria-labelledby="glossary-title">
        <div class="glossary">
          <form method="dialog">
            <h2 id="glossary-title">What the words mean</h2>
            <button type="submit" class="button" data-size="small">
              Close
            </button>
          </form>
          <dl>
            {GLOSSARY.map(([word, meaning]) => (
              <div key={word}>
                <dt>{word}</dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </div>
      </dialog>
    </>
  );
}
