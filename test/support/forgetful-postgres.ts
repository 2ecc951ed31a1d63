import pg from 'pg';

/**
 * Nothing waits for the disk any more. What a test's server loses is lost only when the whole machine stops; a process that is killed
 * loses nothing.
 */
export async function makeForgetful(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const setting of ['fsync', 'full_page_writes']) await client.query(`ALTER SYSTEM SET ${setting} = off`);
    await client.query('SELECT pg_reload_conf()');
  } finally {
    await client.end();
  }
}
