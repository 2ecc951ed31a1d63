/** What bounds what is sent: autonomy levels, accounts, budgets. */

import {
  ACCOUNT_CHECK_LIMIT_MS,
  type AccountChecked,
  type AccountList,
  accountCheckedSchema,
  accountListSchema,
} from '../contracts/http/account.ts';
import {
  type Autonomy,
  type AutonomyList,
  type AutonomyPutInput,
  type AutonomyUnset,
  autonomyListSchema,
  autonomySchema,
  autonomyUnsetSchema,
} from '../contracts/http/autonomy.ts';
import { type BudgetList, type BudgetPutInput, type BudgetQuery, budgetListSchema } from '../contracts/http/budget.ts';
import { NoticeCalls } from './notices.ts';

export class LimitCalls extends NoticeCalls {
  /** How far types of actions may go by themselves, as it is set for a lane and for all; without a lane everything. */
  listAutonomy(lane?: string): Promise<AutonomyList> {
    return this.json(autonomyListSchema, { path: '/v1/autonomy', query: { lane } });
  }

  setAutonomy(put: AutonomyPutInput): Promise<Autonomy> {
    return this.json(autonomySchema, { method: 'PUT', path: '/v1/autonomy', body: put, repeatable: true });
  }

  /** Takes a level back: what is set more widely holds again. It answers what holds now. */
  unsetAutonomy(lane: string, type: string, reason?: string): Promise<AutonomyUnset> {
    const path = `/v1/autonomy/${encodeURIComponent(lane)}/${encodeURIComponent(type)}`;
    return this.json(autonomyUnsetSchema, { method: 'DELETE', path, query: { reason }, repeatable: true });
  }

  /** On whose behalf effects are performed, without secrets. */
  listAccounts(): Promise<AccountList> {
    return this.json(accountListSchema, { path: '/v1/accounts' });
  }

  /** Has a worker look whether an account works; it waits up to 10 s for it. */
  checkAccount(name: string): Promise<AccountChecked> {
    const path = `/v1/accounts/${encodeURIComponent(name)}/check`;
    const timeoutMs = ACCOUNT_CHECK_LIMIT_MS + this.transport.timeoutMs;
    return this.json(accountCheckedSchema, { method: 'POST', path, body: {}, repeatable: true, timeoutMs });
  }

  /** What an hour, a day or a month may have of accounts, hosts, types and recipients' domains, and what is used of it. */
  listBudgets(of: BudgetQuery = {}): Promise<BudgetList> {
    return this.json(budgetListSchema, { path: '/v1/budgets', query: { ...of } });
  }

  /** Sets numbers of a budget; null takes one back. What lets more pass needs an admin. */
  setBudget(put: BudgetPutInput): Promise<BudgetList> {
    return this.json(budgetListSchema, { method: 'PUT', path: '/v1/budgets', body: put, repeatable: true });
  }
}
