/** How often each route was answered how, as the fuzzer's hooks wrote it down. */

import { readFileSync } from 'node:fs';
import { z } from 'zod';

const countsSchema = z.record(z.string(), z.record(z.string(), z.int()));

export interface RouteCounts {
  readonly route: string;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly successes: number;
}

export function readCounts(file: string): RouteCounts[] {
  return Object.entries(countsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))))
    .map(([route, byStatus]) => ({ route, byStatus, successes: sum(byStatus, (status) => status.startsWith('2')) }))
    .sort((a, b) => a.route.localeCompare(b.route));
}

export function sum(byStatus: Readonly<Record<string, number>>, matches: (status: string) => boolean): number {
  return Object.entries(byStatus)
    .filter(([status]) => matches(status))
    .reduce((total, [, count]) => total + count, 0);
}

/** `POST /v1/actions/{id}/approve   2xx 75, 400 40, 404 30, 409 20` */
export function told({ route, byStatus, successes }: RouteCounts): string {
  const others = Object.entries(byStatus).filter(([status]) => !status.startsWith('2'));
  return `${route.padEnd(42)} ${[['2xx', successes], ...others].map(([status, count]) => `${status} ${count}`).join(', ')}`;
}
