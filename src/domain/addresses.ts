/** Addresses of HTTP servers, and to which of them a secret may go. */

/** The address of a server that listens there; one that is bound to all addresses is called on this machine's own. */
export function httpAddress(host: string, port: number): string {
  const name = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Whether what is sent there can be read by nobody on the way: https, or this machine itself. */
export function isPrivateWay(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:') return true;
  return protocol === 'http:' && /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname);
}
