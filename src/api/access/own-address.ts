/** Where a browser may be sent after it has signed in. */

const ANY_HOST = 'http://aol.invalid';
const MAX_LENGTH = 2_000;

/** The path and query of an address of our own page; of whatever else was asked for, `/`. */
export function ownAddress(asked: string | undefined): string {
  if (asked === undefined || asked.length > MAX_LENGTH || !/^\/(?!\/)[\x21-\x7e]*$/u.test(asked)) return '/';
  if (!URL.canParse(asked, ANY_HOST)) return '/';
  const { origin, pathname, search } = new URL(asked, ANY_HOST);
  // The API's addresses are no pages. What begins with two slashes names a host.
  const isPage = origin === ANY_HOST && !/^\/(?:\/|v1\/)/u.test(pathname);
  return isPage ? pathname + search : '/';
}
