/** How much an account may do in an hour and in a day, how much of it is used, and an admin's numbers. */

import { useState } from 'preact/hooks';
import { type AccountDescription, type BudgetRequest, budgetRequestSchema } from '../../src/contracts/http/account.ts';
import { count, counted } from '../../src/contracts/words.ts';
import { ActButton } from '../parts/act-button.tsx';
import { ask } from '../parts/confirm.tsx';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';

interface BudgetProps {
  readonly account: AccountDescription;
  readonly onDone: () => void;
}

export function Budget({ account, onDone }: BudgetProps) {
  const { perHour, perDay, usedThisHour, usedToday, setBy } = account.budget;
  return (
    <div class="stack">
      <div class="pair">
        <Use label="This hour" used={usedThisHour} limit={perHour} />
        <Use label="Today" used={usedToday} limit={perDay} />
      </div>
      <p class="quiet">
        Hours and days are those of UTC. {setBy === null ? 'Nobody changed these numbers.' : `Set by ${setBy}.`}
      </p>
      <details>
        <summary>Change the budget</summary>
        <BudgetForm key={`${perHour} ${perDay}`} account={account} onDone={onDone} />
      </details>
    </div>
  );
}

function Use({ label, used, limit }: { readonly label: string; readonly used: number; readonly limit: number | null }) {
  const isSpent = limit !== null && used >= limit;
  return (
    <div class="field">
      <span class="label">{label}</span>
      {limit !== null && (
        <>
          <meter class="visually-hidden" min={0} max={Math.max(1, limit)} value={used} aria-label={label} />
          <span class="length" data-over={isSpent || undefined} aria-hidden="true">
            <i style={{ width: `${limit === 0 ? 100 : Math.min(100, (used / limit) * 100)}%` }} />
          </span>
        </>
      )}
      <span class="number">
        {limit === null ? `${count(used)}, without a bound` : `${count(used)} of ${count(limit)}`}
        {isSpent && ' – used up'}
      </span>
    </div>
  );
}

function BudgetForm({ account, onDone }: BudgetProps) {
  const { perHour, perDay } = account.budget;
  const [hour, setHour] = useState(String(perHour ?? ''));
  const [day, setDay] = useState(String(perDay ?? ''));
  const change = changeOf(account, hour, day);
  const id = `budget-${account.name}`;
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()} aria-label={`Budget of ${account.name}`}>
      <div class="pair">
        <Bound id={`${id}-hour`} label="Effects in an hour" text={hour} setText={setHour} />
        <Bound id={`${id}-day`} label="Effects in a day" text={day} setText={setDay} />
      </div>
      <p class="quiet">An empty field takes an admin’s number back: its entry’s counts again, or the default.</p>
      <div>
        <ActButton
          needs="administer"
          size="small"
          disabledBecause={typeof change === 'string' ? change : undefined}
          act={() => typeof change !== 'string' && askBudget(account, change, onDone)}
        >
          Set the budget
        </ActButton>
      </div>
    </form>
  );
}

interface BoundProps {
  readonly id: string;
  readonly label: string;
  readonly text: string;
  readonly setText: (text: string) => void;
}

function Bound({ id, label, text, setText }: BoundProps) {
  const isValid = boundOf(text) !== undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="input number"
        inputMode="numeric"
        value={text}
        aria-invalid={!isValid}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {!isValid && <span class="problem">must be a whole number from 0 to 1,000,000</span>}
    </div>
  );
}

/** Null for an empty text, undefined for what is no bound. */
function boundOf(text: string): number | null | undefined {
  if (text.trim() === '') return null;
  const value = /^\d+$/u.test(text.trim()) ? Number(text) : undefined;
  return budgetRequestSchema.safeParse({ perHour: value }).success ? value : undefined;
}

/** What is asked for, or why nothing can be. */
function changeOf({ budget }: AccountDescription, hourText: string, dayText: string): BudgetRequest | string {
  const [perHour, perDay] = [boundOf(hourText), boundOf(dayText)];
  if (perHour === undefined || perDay === undefined) return 'A number is not valid.';
  const change = {
    ...(perHour !== budget.perHour && { perHour }),
    ...(perDay !== budget.perDay && { perDay }),
  };
  return Object.keys(change).length === 0 ? 'These are the numbers that hold already.' : change;
}

function askBudget({ name, waiting }: AccountDescription, change: BudgetRequest, onDone: () => void): void {
  const spans = [
    ['an hour', change.perHour],
    ['a day', change.perDay],
  ] as const;
  ask({
    title: `Set the budget of ${name}?`,
    effect: (
      <>
        {spans.map(
          ([span, bound]) =>
            bound !== undefined && (
              <p key={span}>
                {bound === null
                  ? `In ${span}: its entry’s number again, or the default.`
                  : `In ${span}: at most ${counted(bound, 'effect')}${bound === 0 ? ', so nothing is sent' : ''}.`}
              </p>
            ),
        )}
        <p>
          It holds at once.{' '}
          {waiting > 0 &&
            `${counted(waiting, 'action')} that ${waiting === 1 ? 'waits' : 'wait'} for it ${waiting === 1 ? 'is' : 'are'} looked at again now.`}
        </p>
      </>
    ),
    verb: 'Set the budget',
    async act() {
      await client.setBudget(name, change);
      say(`The budget of ${name} is set`);
      onDone();
    },
  });
}
