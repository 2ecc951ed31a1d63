// biome-ignore-all lint/style/noProcessEnv: it runs alone, before everything else
/**
 * Makes the passwords of the database's two users, once, and keeps them in the volumes of those who need them: `owner` is for
 * PostgreSQL and the migration, `run` for worker and API. What `.env` gives wins; what stands there from before stays.
 */

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const FOLDER = '/var/lib/aol-secrets';

function passwordOf(name, variable) {
  const file = `${FOLDER}/owner/${name}-password`;
  const stored = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const password = process.env[variable] || stored || randomBytes(32).toString('base64url');
  // PostgreSQL's container has another user: who may read it is who has the volume.
  if (password !== stored) writeFileSync(file, password, { mode: 0o644, flush: true });
  return password;
}

/** As libpq reads it from `PGPASSFILE`: https://www.postgresql.org/docs/current/libpq-pgpass.html */
function writePassFile(file, user, password) {
  const escaped = password.replaceAll(/[\\:]/g, (character) => `\\${character}`);
  writeFileSync(file, `*:*:*:${user}:${escaped}\n`, { mode: 0o600, flush: true });
}

writePassFile(`${FOLDER}/owner/pgpass`, 'aol', passwordOf('owner', 'POSTGRES_PASSWORD'));
writePassFile(`${FOLDER}/run/pgpass`, 'aol_run', passwordOf('run', 'AOL_RUN_PASSWORD'));
