#!/usr/bin/env node
// biome-ignore-all lint/style/noProcessEnv: npm gets our environment
/** `npm run docs`: builds the documents as a site into docs/site/dist; with `dev` it serves them while they are written. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process, { env } from 'node:process';
import { root } from './ensure.mjs';

const site = join(root, 'docs', 'site');
const npm = (...args) => spawnSync('npm', args, { cwd: site, stdio: 'inherit', env }).status ?? 1;

const installed = npm('install', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error');
process.exitCode = installed === 0 ? npm('run', process.argv[2] === 'dev' ? 'dev' : 'build') : installed;
