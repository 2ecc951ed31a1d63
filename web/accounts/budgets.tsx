/** What an hour, a day or a month may have, how much of it is used, when the next one begins; and new numbers. */

import { useState } from 'preact/hooks';
import { spentText, useText } from '../../src/contracts/budget-words.ts';
import type { Budget } from '../../src/contracts/http/budget.ts';
import { duration } from '../../src/contracts/words.ts';
import {
  type BudgetLimit,
  type BudgetScope,
  LIMIT_NAMES,
  type LimitName,
  MOST_EFFECTS,
  microUsdIn,
  usdText,
} from '../../src/domain/budgets.ts';
import { ActButton } from '../parts/act-button.tsx';
import { ask } from '../parts/confirm.tsx';
import { now } from '../state/clock.ts';
import { client } from '../state/session.ts';
import { say } from '../state/toasts.ts';

interface BudgetsProps {
  readonly scope: BudgetScope;
  readonly name: string;
  readonly budgets: readonly Budget[];
  readonly onDone: () => void;
}

export function Budgets({ scope, name, budgets, onDone }: BudgetsProps) {
  const setBy = [...new Set(budgets.flatMap((budget) => budget.setBy ?? []))];
  return (
    <div class="stack">
      <div class="pair">
        {budgets.map((budget) => (
          <Use key={`${budget.span} ${budget.unit}`} budget={budget} />
        ))}
      </div>
      <p class="quiet">
        {budgets.length === 0 ? 'No bound. ' : ''}
        {setBy.length > 0 && `Set by ${setBy.join(', ')}.`}
      </p>
      <details>
        <summary>Change the budget</summary>
        <BudgetForm key={JSON.stringify(budgets.map(({ limit }) => limit))} {...{ scope, name, budgets, onDone }} />
      </details>
    </div>
  );
}

const SPANS: Readonly<Record<string, string>> = { hour: 'This hour', day: 'Today', month: 'This month' };

function Use({ budget }: { readonly budget: Budget }) {
  const { span, unit, limit, used, resetsAt } = budget;
  const isSpent = used >= limit;
  const label = `${SPANS[span] ?? span}${unit === 'microUsd' ? ', in US dollars' : ''}`;
  return (
    <div class="field">
      <span class="label">{label}</span>
      <meter class="visually-hidden" min={0} max={Math.max(1, limit)} value={used} aria-label={label} />
      <span class="length" data-over={isSpent || undefined} aria-hidden="true">
        <i style={{ width: `${limit === 0 ? 100 : Math.min(100, (used / limit) * 100)}%` }} />
      </span>
      <span class="number" title={isSpent ? spentText(budget) : undefined}>
        {useText(budget).replace(/ (?:this \w+|today)$/u, '')}
        {isSpent && ' – used up'}
      </span>
      <time class="quiet number" dateTime={resetsAt} title={resetsAt}>
        begins anew in {duration(Math.ceil((Date.parse(resetsAt) - now.value) / 60_000) * 60_000)}
      </time>
    </div>
  );
}

const LABELS: Readonly<Record<string, string>> = {
  perHour: 'Effects in an hour',
  perDay: 'Effects in a day',
  perMonth: 'Effects in a month',
  usdPerDay: 'US dollars in a day',
  usdPerMonth: 'US dollars in a month',
} satisfies Partial<Record<LimitName, string>>;
const NAMES = Object.entries(LABELS).flatMap(([name, label]) => {
  const kind = Object.entries(LIMIT_NAMES).find(([known]) => known === name)?.[1];
  return kind ? [{ name, label, kind }] : [];
});
type Named = (typeof NAMES)[number];

export function BudgetForm({ scope, name, budgets, onDone }: BudgetsProps) {
  const limitOf = ({ kind }: Named) =>
    budgets.find(({ span, unit }) => span === kind.span && unit === kind.unit)?.limit ?? null;
  const textOf = (named: Named) => {
    const limit = limitOf(named);
    if (limit === null) return '';
    return named.kind.unit === 'microUsd' ? usdText(limit).replace(' USD', '') : String(limit);
  };
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const parsed = NAMES.map((named) => ({ named, limit: boundOf(named, texts[named.name] ?? textOf(named)) }));
  const changes = parsed.flatMap(({ named, limit }): BudgetLimit[] =>
    limit === undefined || limit === limitOf(named) ? [] : [{ ...named.kind, limit }],
  );
  const isWrong = parsed.some(({ limit }) => limit === undefined);
  const isLooser = parsed.some(({ named, limit }) => {
    const before = limitOf(named);
    return before !== null && limit !== undefined && (limit === null || limit > before);
  });
  const whyNot = isWrong
    ? 'A number is not valid.'
    : changes.length === 0
      ? 'These are the numbers that hold already.'
      : undefined;
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()} aria-label={`Budget of ${scope} ${name}`}>
      <div class="pair">
        {NAMES.map((named) => (
          <Bound
            key={named.name}
            id={`budget-${scope}-${name}-${named.name}`}
            named={named}
            text={texts[named.name] ?? textOf(named)}
            setText={(text) => setTexts({ ...texts, [named.name]: text })}
          />
        ))}
      </div>
      <p class="quiet">
        An empty field removes the number: a more general budget applies again, or none. Times are in UTC.
      </p>
      <div>
        <ActButton
          needs={isLooser ? 'administer' : 'operate'}
          size="small"
          disabledBecause={whyNot}
          act={() => askBudget({ scope, name, changes, onDone })}
        >
          Set the budget
        </ActButton>
      </div>
    </form>
  );
}

interface BoundProps {
  readonly id: string;
  readonly named: Named;
  readonly text: string;
  readonly setText: (text: string) => void;
}

function Bound({ id, named, text, setText }: BoundProps) {
  const isValid = boundOf(named, text) !== undefined;
  return (
    <div class="field">
      <label for={id}>{named.label}</label>
      <input
        id={id}
        class="input number"
        inputMode="decimal"
        value={text}
        aria-invalid={!isValid}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {!isValid && (
        <span class="problem">
          {named.kind.unit === 'microUsd'
            ? 'must be an amount, such as 2.50'
            : 'must be a whole number from 0 to 1,000,000'}
        </span>
      )}
    </div>
  );
}

/** Null for an empty text, undefined for what is no bound. */
function boundOf({ kind }: Named, text: string): number | null | undefined {
  if (text.trim() === '') return null;
  if (kind.unit === 'microUsd') return microUsdIn(text);
  const value = /^\d{1,7}$/u.test(text.trim()) ? Number(text) : undefined;
  return value !== undefined && value <= MOST_EFFECTS ? value : undefined;
}

interface Change extends Pick<BudgetsProps, 'scope' | 'name' | 'onDone'> {
  readonly changes: readonly BudgetLimit[];
}

function askBudget({ scope, name, changes, onDone }: Change): void {
  ask({
    title: `Set the budget of ${scope} ${name}?`,
    effect: (
      <>
        {changes.map(({ span, unit, limit }) => (
          <p key={`${span} ${unit}`}>
            In {span === 'hour' ? 'an' : 'a'} {span}:{' '}
            {limit === null
              ? 'its own number is taken back.'
              : `at most ${unit === 'microUsd' ? usdText(limit) : `${limit} ${limit === 1 ? 'effect' : 'effects'}`}${limit === 0 ? ', so nothing is sent' : ''}.`}
          </p>
        ))}
        <p>It applies at once and counts what was sent before. Actions that wait for it are checked again now.</p>
      </>
    ),
    verb: 'Set the budget',
    asksReason: true,
    async act(reason) {
      await client.setBudget({ scope, name, limits: [...changes], reason });
      say(`The budget of ${scope} ${name} is set`);
      onDone();
    },
  });
}
