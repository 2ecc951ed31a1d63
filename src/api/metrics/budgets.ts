/** What Prometheus is told of budgets. */

import { Gauge, type Registry } from 'prom-client';
import type { Budget } from '../../contracts/http/budget.ts';

const LABELS = ['scope', 'name', 'span', 'unit'] as const;

/**
 * Registers the gauges; what it answers shows the budgets in them. What counts by a number for all names stands under `*` alone, with
 * the name that has used most: there are as many domains as recipients.
 */
export function budgetMetrics(registry: Registry): (budgets: readonly Budget[]) => void {
  const registers = [registry];
  const bound = new Gauge({
    name: 'aol_budget',
    help: 'What an hour, a day or a month may have: effects, or millionths of a US dollar.',
    labelNames: LABELS,
    registers,
  });
  const used = new Gauge({
    name: 'aol_budget_used',
    help: 'What the present hour, day or month has used of it.',
    labelNames: LABELS,
    registers,
  });
  const resets = new Gauge({
    name: 'aol_budget_resets_seconds',
    help: 'When the next hour, day or month begins, in seconds since 1970.',
    labelNames: LABELS,
    registers,
  });
  const waits = new Gauge({
    name: 'aol_budget_waiting_actions',
    help: 'Actions that wait for room in a budget.',
    labelNames: ['scope', 'name'],
    registers,
  });
  return (budgets) => {
    for (const gauge of [bound, used, resets, waits]) gauge.reset();
    for (const budget of budgets) {
      const { scope, name, span, unit, source } = budget;
      if (source === 'all' && scope !== 'account') continue;
      const labels = { scope, name, span, unit };
      bound.set(labels, budget.limit);
      used.set(labels, budget.used);
      resets.set(labels, Date.parse(budget.resetsAt) / 1_000);
      waits.set({ scope, name }, budget.waiting);
    }
  };
}
