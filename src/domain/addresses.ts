/** Addresses of HTTP servers, and to which of them a secret may go. */

/** Where a server that listens there is called: one that is bound to all addresses on this machine's own. */
export function callableHost(host: string): string {
  return { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
}

/** The address of a server that listens there. */
export function httpAddress(host: string, port: number): string {
  const name = callableHost(host);
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Whether what is sent there can be read by nobody on the way: https, or this machine itself. */
export function isPrivateWay(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:') return true;
  return protocol === 'http:' && isLoopback(hostname);
}

/** Whether a host's name is this machine's own, seen from itself. */
export function isLoopback(hostname: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname);
}
