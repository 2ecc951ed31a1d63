/** What Prometheus is told of accounts. */

import { Gauge, type Registry } from 'prom-client';
import { ACCOUNT_STATES, type AccountDescription } from '../../contracts/http/account.ts';

/** Registers the gauges; what it answers shows the accounts in them. */
export function accountMetrics(registry: Registry): (accounts: readonly AccountDescription[]) => void {
  const registers = [registry];
  const state = new Gauge({
    name: 'aol_account_state',
    help: 'State of an account: 1 for the one that holds.',
    labelNames: ['account', 'state'],
    registers,
  });
  const token = new Gauge({
    name: 'aol_account_token_expires_seconds',
    help: 'When its token runs out, in seconds since 1970.',
    labelNames: ['account'],
    registers,
  });
  const waits = new Gauge({
    name: 'aol_account_waiting_actions',
    help: 'Actions that wait for an account.',
    labelNames: ['account'],
    registers,
  });
  return (accounts) => {
    for (const gauge of [state, token, waits]) gauge.reset();
    for (const { name: account, state: current, tokenExpiresAt, waiting } of accounts) {
      for (const one of ACCOUNT_STATES) state.set({ account, state: one }, Number(one === current));
      if (tokenExpiresAt !== null) token.set({ account }, Date.parse(tokenExpiresAt) / 1_000);
      waits.set({ account }, waiting);
    }
  };
}
