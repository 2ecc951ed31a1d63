/** Budgets that are not of one account: hosts of webhooks, types, domains of recipients, and what is set for all of a kind. */

import { useState } from 'preact/hooks';
import { budgetName } from '../../src/contracts/budget-words.ts';
import type { Budget } from '../../src/contracts/http/budget.ts';
import { counted, knownWord } from '../../src/contracts/words.ts';
import { ALL_NAMES, BUDGET_SCOPES, type BudgetScope } from '../../src/domain/budgets.ts';
import { Panel } from '../parts/basics.tsx';
import { ResourceView } from '../parts/resource-view.tsx';
import { useBudgets } from '../state/catalogue.ts';
import { BudgetForm, Budgets } from './budgets.tsx';

export function OtherBudgets() {
  const budgets = useBudgets();
  return (
    <ResourceView of={budgets} what="budgets">
      {({ items }) => {
        const others = grouped(items.filter(({ scope, name }) => scope !== 'account' || name === ALL_NAMES));
        return (
          <div class="stack gap">
            <ul class="adapters">
              {others.map(({ scope, name, list }) => (
                <li key={`${scope} ${name}`} class="panel" data-budget={`${scope}:${name}`}>
                  <header class="panel-head">
                    <h2 class="wrap">{sentenceCase(budgetName({ scope, name }))}</h2>
                    <span class="quiet">{waitText(list)}</span>
                  </header>
                  <div class="panel-body">
                    <Budgets scope={scope} name={name} budgets={list} onDone={budgets.reload} />
                  </div>
                </li>
              ))}
            </ul>
            <NewBudget items={items} onDone={budgets.reload} />
          </div>
        );
      }}
    </ResourceView>
  );
}

interface Group {
  readonly scope: BudgetScope;
  readonly name: string;
  readonly list: readonly Budget[];
}

function grouped(items: readonly Budget[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const item of items) {
    const scope = knownWord(BUDGET_SCOPES, item.scope);
    if (scope === undefined) continue;
    const key = `${scope} ${item.name}`;
    groups.set(key, { scope, name: item.name, list: [...(groups.get(key)?.list ?? []), item] });
  }
  // The default of accounts alone is no budget that somebody set.
  return [...groups.values()].filter(({ list }) => list.some(({ source }) => source !== 'default'));
}

function waitText(list: readonly Budget[]): string {
  const waiting = Math.max(...list.map((budget) => budget.waiting));
  return waiting > 0 ? `${counted(waiting, 'action')} ${waiting === 1 ? 'waits' : 'wait'} for room` : '';
}

function sentenceCase(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

const SCOPE_WORDS: Readonly<Record<BudgetScope, string>> = {
  type: 'a type of action',
  domain: 'a domain that mail goes to',
  host: 'a host of webhooks',
  account: 'an account',
};

function NewBudget({ items, onDone }: { readonly items: readonly Budget[]; readonly onDone: () => void }) {
  const [scope, setScope] = useState<BudgetScope>('type');
  const [name, setName] = useState('');
  const budgets = items.filter((item) => item.scope === scope && item.name === name);
  return (
    <Panel
      title="Another budget"
      note="What a type, a host of webhooks, or a domain that mail goes to may have. * is each that has no number of its own."
    >
      <div class="pair">
        <div class="field">
          <label for="new-budget-scope">Of</label>
          <select
            id="new-budget-scope"
            class="input"
            value={scope}
            onChange={(event) => setScope(knownWord(BUDGET_SCOPES, event.currentTarget.value) ?? scope)}
          >
            {Object.entries(SCOPE_WORDS).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="new-budget-name">Its name</label>
          <input
            id="new-budget-name"
            class="input"
            value={name}
            placeholder={scope === 'type' ? 'SEND_EMAIL' : scope === 'account' ? 'brand-a-bluesky' : 'example.com'}
            onInput={(event) => setName(event.currentTarget.value.trim())}
          />
        </div>
      </div>
      {name !== '' && <BudgetForm key={`${scope} ${name}`} {...{ scope, name, budgets, onDone }} />}
    </Panel>
  );
}
