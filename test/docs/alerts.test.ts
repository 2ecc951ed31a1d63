/** Each alert has its page and links to it, each page has its alert, and all pages answer the same questions. */

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          labels: z.object({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.object({ runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});
const alerts = rulesSchema.parse(parse(read('ops/prometheus/alerts.yml'))).groups.flatMap(({ rules }) => rules);

test('every alert has its page, and every page its alert', () => {
  const pages = readdirSync(new URL('docs/alerts/', root)).sort();
  expect(pages).toEqual(alerts.map(({ alert }) => `${alert}.md`).sort());
});

test.each(alerts.map((rule) => [rule.alert, rule] as const))('%s', (alert, { labels, annotations }) => {
  expect(annotations.runbook_url).toBe(`{{ $externalLabels.aol_docs }}/docs/alerts/${alert}.html`);
  const page = read(`docs/alerts/${alert}.md`);
  expect(page).toMatch(new RegExp(`^# ${alert}\\n\\nSeverity: ${labels.severity}\\.\\n`));
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  expect(headings.slice(0, 4)).toEqual([
    'What it means',
    'Look first',
    'What to do at night',
    'When you may go back to bed',
  ]);
  expect([[], ['In the morning']]).toContainEqual(headings.slice(4));
});
