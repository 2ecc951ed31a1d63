import type { LocalServer } from '../../src/local/index.ts';

/** What global-setup started and global-teardown stops; both run in jest's own process. */
export const running: { readonly servers: LocalServer[] } = { servers: [] };
