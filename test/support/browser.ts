/** The browser that the dashboard's tests use: the system's, or else one that is installed here and now. Never none. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { loadConfig } from '../../src/config/index.ts';

const run = promisify(execFile);
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];
const PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/Applications/Google Chrome.app/Contents/MacOS',
  '/Applications/Chromium.app/Contents/MacOS',
];
const MAC_NAMES = ['Google Chrome', 'Chromium'];
const INSTALL_LIMIT_MS = 300_000;

/** Without these a browser in a container asks half the internet for updates, or does not start as root. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await findBrowser(), args: ARGUMENTS });
}

/** @throws Error that says what to install, when there is no browser and none could be installed */
export async function findBrowser(): Promise<string> {
  const found = installedBrowser();
  if (found) return found;
  process.stderr.write('installing a browser for the tests of the dashboard …\n');
  const failures: string[] = [];
  if (process.getuid?.() === 0) {
    await debianChromium().catch((error: Error) => failures.push(`apt-get: ${error.message}`));
    const debian = installedBrowser();
    if (debian) return debian;
  }
  await playwrightsOwn().catch((error: Error) => failures.push(`playwright install: ${error.message}`));
  const own = chromium.executablePath();
  if (existsSync(own)) return own;
  throw new Error(
    `the tests of the dashboard need Chromium or Chrome: install one, such as by "apt-get install chromium"\n${failures.join('\n')}`,
  );
}

function installedBrowser(): string | undefined {
  const folders = [...loadConfig().machine.searchPath.split(delimiter), ...PLACES];
  const paths = folders.flatMap((folder) => [...NAMES, ...MAC_NAMES].map((name) => join(folder, name)));
  return paths.find((path) => existsSync(path));
}

async function debianChromium(): Promise<void> {
  await run('apt-get', ['update'], { timeout: INSTALL_LIMIT_MS });
  await run('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium'], { timeout: INSTALL_LIMIT_MS });
}

async function playwrightsOwn(): Promise<void> {
  const command = fileURLToPath(new URL('../../node_modules/playwright-core/cli.js', import.meta.url));
  await run(process.execPath, [command, 'install', 'chromium'], { timeout: INSTALL_LIMIT_MS });
}
