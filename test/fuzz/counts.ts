/** How often each route was answered how, as the fuzzer's hooks wrote it down. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';

const countsSchema = z.record(z.string(), z.record(z.string(), z.int()));

export interface RouteCounts {
  readonly route: string;
  readonly byStatus: Readonly<Record<string, number>>;
  /** 2xx; of routes that browsers are sent on by, 303. */
  readonly successes: number;
}

export function readCounts(file: string): RouteCounts[] {
  return Object.entries(countsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))))
    .map(([route, byStatus]) => ({ route, byStatus, successes: sum(byStatus, isSuccess) }))
    .sort((a, b) => a.route.localeCompare(b.route));
}

export function sum(byStatus: Readonly<Record<string, number>>, matches: (status: string) => boolean): number {
  return Object.entries(byStatus)
    .filter(([status]) => matches(status))
    .reduce((total, [, count]) => total + count, 0);
}

function isSuccess(status: string): boolean {
  return status.startsWith('2') || status === '303';
}

/** `POST /v1/actions/{id}/approve   done 75, 400 40, 404 30, 409 20` */
export function told({ route, byStatus, successes }: RouteCounts): string {
  const others = Object.entries(byStatus).filter(([status]) => !isSuccess(status));
  return `${route.padEnd(42)} ${[['done', successes], ...others].map(([status, count]) => `${status} ${count}`).join(', ')}`;
}
