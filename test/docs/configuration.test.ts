/** docs/configuration.md is what the schema says, and who reads a variable gets it from docker-compose.yml. */

import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Reader } from '../../src/config/variable.ts';
import { areas } from '../../src/config/variables.ts';
import { CONFIGURATION_FILE, configurationPage } from '../support/configuration-page.ts';

const root = new URL('../../', import.meta.url);

test('the page is what the schema says (`npm run describe-configuration` writes it)', () => {
  expect(readFileSync(CONFIGURATION_FILE, 'utf8')).toBe(configurationPage());
});

const readers = new Map<string, readonly Reader[]>(
  areas.flatMap(({ readBy, variables }) =>
    Object.entries(variables).map(([name, variable]): [string, readonly Reader[]] => [name, variable.readBy ?? readBy]),
  ),
);

const composeSchema = z.object({
  services: z.record(z.string(), z.object({ environment: z.record(z.string(), z.unknown()).default({}) })),
});
const { services } = composeSchema.parse(
  parse(readFileSync(new URL('docker-compose.yml', root), 'utf8'), { merge: true }),
);

test.each([
  ['worker', 'worker'],
  ['api', 'API'],
  ['migrate', 'command line'],
] as const)('what docker-compose.yml gives the service %s, it reads', (service, reader) => {
  const given = Object.keys(services[service]?.environment ?? {}).filter((name) => readers.has(name));
  expect(given).toContain('DATABASE_URL');
  expect(given.filter((name) => !readers.get(name)?.includes(reader))).toEqual([]);
});

test('what only a worker reads, docker-compose.yml gives to the worker', () => {
  const own = [...readers].filter(([, readBy]) => readBy.includes('worker') && !readBy.includes('API'));
  expect(own.length).toBeGreaterThan(20);
  expect(own.map(([name]) => name).filter((name) => !(name in (services.worker?.environment ?? {})))).toEqual([]);
});
