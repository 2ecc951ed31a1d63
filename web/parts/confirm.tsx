/** One dialog for everything that is asked before it is done. */

import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { errorText } from '../state/errors.ts';

export interface Question {
  readonly title: string;
  /** What will happen, exactly. */
  readonly effect: ComponentChildren;
  /** Absent: it only tells something, such as what came of the question before. */
  readonly verb?: string;
  readonly kind?: 'primary' | 'danger';
  /** A reason is asked for; it stands in the audit log. */
  readonly asksReason?: boolean;
  readonly reasonNeeded?: boolean;
  readonly isWide?: boolean;
  /** Does it. What it throws is shown, and the dialog stays. It may ask or tell the next thing. */
  readonly act?: (reason: string | undefined) => Promise<unknown>;
}

const question = signal<{ readonly number: number; readonly asked: Question } | undefined>(undefined);
let asked = 0;

/** What asks late, as after a reading, does not take the place of what a person reads now. */
export function ask(next: Question): void {
  if (next.verb !== undefined && question.peek()) return;
  asked += 1;
  question.value = { number: asked, asked: next };
}

export function ConfirmDialog() {
  const current = question.value;
  return current ? <OpenDialog key={current.number} question={current.asked} /> : null;
}

function OpenDialog({ question: own }: { readonly question: Question }) {
  const { title, effect, verb, kind, asksReason, reasonNeeded, isWide, act } = own;
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  // The browser closes it first, and gives the focus back to where it came from; then it goes.
  const close = () => dialog.current?.close();
  const gone = () => {
    if (question.peek()?.asked === own) question.value = undefined;
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem('');
    try {
      await act?.(reason.trim() === '' ? undefined : reason.trim());
      close();
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" data-wide={isWide || undefined} onClose={gone}>
      <form onSubmit={submit}>
        <h2 id="dialog-title">{title}</h2>
        <div class="stack dialog-body">{effect}</div>
        {asksReason && (
          <div class="field">
            <label for="reason">Reason{reasonNeeded ? '' : ' (optional)'}</label>
            <input
              id="reason"
              class="input"
              // What is asked can be read above it, whatever stands there that could take the focus first.
              autofocus
              maxLength={1_000}
              required={reasonNeeded === true}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
            <small>It is written to the audit log with your name.</small>
          </div>
        )}
        {problem && (
          <div class="note" data-tone="bad" role="alert">
            {problem}
          </div>
        )}
        <div class="row dialog-acts">
          <button type="button" class="button" onClick={close}>
            {verb === undefined ? 'Close' : 'Keep as it is'}
          </button>
          {verb !== undefined && (
            <button type="submit" class="button" data-kind={kind ?? 'primary'} aria-disabled={isBusy}>
              {isBusy ? 'Working …' : verb}
            </button>
          )}
        </div>
      </form>
    </dialog>
  );
}
