#!/usr/bin/env node
/**
 * `npm run audit`: known holes in what is installed for use, and the registry's signatures. The gate before a release.
 *
 * Ends with 0 when both were asked and found nothing, with 1 when something was found, and with 2 when one could not be
 * asked: a registry that does not offer it, or none. Not to know is not to be safe, so 2 is no success.
 */

import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { parseAudit, parseSignatures } from './audit-answers.mjs';
import { root } from './ensure.mjs';

const LIMIT_MS = 120_000;

const results = [
  ask('known holes', ['audit', '--omit=dev', '--json'], parseAudit),
  ask('signatures', ['audit', 'signatures', '--json'], parseSignatures),
];
process.exitCode = results.includes('found') ? 1 : results.includes('unknown') ? 2 : 0;

function ask(what, args, parse) {
  const { stdout, error } = spawnSync('npm', args, { cwd: root, encoding: 'utf8', timeout: LIMIT_MS });
  const { outcome, detail } = error ? { outcome: 'unknown', detail: error.message } : parse(stdout);
  const word = { clean: 'ok', found: 'FOUND', unknown: 'NOT KNOWN' }[outcome];
  process.stdout.write(`${word}  ${what}: ${detail}\n`);
  return outcome;
}
