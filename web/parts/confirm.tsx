/** One dialog for everything that is asked before it is done. */

import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { errorText } from '../state/errors.ts';

export interface Question {
  readonly title: string;
  /** What will happen, exactly. */
  readonly effect: ComponentChildren;
  readonly verb: string;
  readonly kind?: 'primary' | 'danger';
  /** A reason is asked for; it stands in the audit log. */
  readonly asksReason?: boolean;
  readonly reasonNeeded?: boolean;
  /** Does it. What it throws is shown, and the dialog stays. */
  readonly act: (reason: string | undefined) => Promise<unknown>;
}

const question = signal<Question | undefined>(undefined);

export function ask(next: Question): void {
  question.value = next;
}

export function ConfirmDialog() {
  const current = question.value;
  return current ? <OpenDialog key={current.title} question={current} /> : null;
}

function OpenDialog({
  question: { title, effect, verb, kind, asksReason, reasonNeeded, act },
}: {
  question: Question;
}) {
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
    question.value = undefined;
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem('');
    try {
      await act(reason.trim() === '' ? undefined : reason.trim());
      close();
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={gone}>
      <form onSubmit={submit}>
        <h2 id="dialog-title">{title}</h2>
        <div class="stack">{effect}</div>
        {asksReason && (
          <div class="field">
            <label for="reason">Reason{reasonNeeded ? '' : ' (optional)'}</label>
            <input
              id="reason"
              class="input"
              maxLength={1_000}
              required={reasonNeeded === true}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
            <small>It stands in the audit log, with the name of your token.</small>
          </div>
        )}
        {problem && (
          <div class="note" data-tone="bad" role="alert">
            {problem}
          </div>
        )}
        <div class="row dialog-acts">
          <button type="button" class="button" onClick={close}>
            Keep as it is
          </button>
          <button type="submit" class="button" data-kind={kind ?? 'primary'} aria-disabled={isBusy}>
            {isBusy ? 'Working …' : verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
