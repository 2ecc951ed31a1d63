import { execFileSync, spawnSync } from 'node:child_process';
import process from 'node:process';
import { ConfigurationError, errorText } from '../domain/errors.ts';

/** The user of the operating system that a server runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const name = 'postgres';

/**
 * PostgreSQL refuses to run as root. So root runs it as the user `postgres`, which is created where it is missing.
 *
 * @returns undefined when we are not root: then it runs as ourselves
 */
export function postgresAccount(log: (line: string) => void): Account | undefined {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const known = lookUp();
  if (known !== undefined) {
    return known;
  }
  log(`PostgreSQL does not run as root: creating the system user "${name}"`);
  try {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name], {
      stdio: 'pipe',
    });
  } catch (thrown) {
    // Another start may have created it at the same moment.
    if (lookUp() === undefined) {
      throw new ConfigurationError(
        'DATABASE_URL',
        `DATABASE_URL is not set, and PostgreSQL does not run as root: the user "${name}" cannot be created (${errorText(thrown)}). ` +
          `Run as another user, create "${name}", or set DATABASE_URL to a PostgreSQL of your own.`,
        { cause: thrown },
      );
    }
  }
  return lookUp();
}

/** Whether an account can pass into a folder. Asked of the system, so that access lists count too. */
export function canEnter(account: Account, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...account, cwd: '/', stdio: 'ignore' }).status === 0;
}

function lookUp(): Account | undefined {
  const uid = Number.parseInt(identify('-u'), 10);
  const gid = Number.parseInt(identify('-g'), 10);
  return Number.isNaN(uid) || Number.isNaN(gid) ? undefined : { uid, gid };
}

function identify(field: '-u' | '-g'): string {
  return spawnSync('id', [field, name], { encoding: 'utf8' }).stdout ?? '';
}
