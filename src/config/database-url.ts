/** Whether it is an address of PostgreSQL whose parts can be read: a bare % is none, it is written as %25. */
export function isPostgresUrl(value: string): boolean {
  try {
    const { protocol, username, password, pathname, hostname } = new URL(value);
    for (const part of [username, password, pathname, hostname]) decodeURIComponent(part);
    return protocol === 'postgres:' || protocol === 'postgresql:';
  } catch {
    return false;
  }
}

/** The password of an address as it is meant; empty when there is none, or the text is no such address. */
export function passwordOf(value: string): string {
  return isPostgresUrl(value) ? decodeURIComponent(new URL(value).password) : '';
}

/** A database address without its password, also when that is given as a parameter. */
export function maskPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (url.password !== '') {
    url.password = '***';
  }
  for (const name of [...url.searchParams.keys()]) {
    if (/pass|key|secret|token/i.test(name)) {
      url.searchParams.set(name, '***');
    }
  }
  return url.href;
}
