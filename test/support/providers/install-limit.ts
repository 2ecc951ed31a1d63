/** For the first run on a machine, which installs the server; later ones start it within seconds. */
export const INSTALL_LIMIT_MS = 10 * 60_000;
