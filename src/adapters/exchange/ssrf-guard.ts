/**
 * Where a webhook may go: public addresses, and what the operator allows. The order is that of an attack: the address as
 * `URL` understands it, the literals that no look-up ever sees, every answer of the look-up, the connected socket.
 */

import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { webhookHostKey } from '../../domain/webhook-settings.ts';

/** All addresses of a name. Injected by tests. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

export type Route =
  | { readonly ok: true; readonly hostname: string; readonly port: number; readonly addresses: readonly string[] }
  | { readonly ok: false; readonly reason: string };

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'smtp:': 587,
  'smtps:': 465,
  'imap:': 143,
  'imaps:': 993,
};

export interface SsrfGuard {
  /** Which addresses may be connected to; all of them were checked. Rejects when the name cannot be resolved. */
  route(url: URL): Promise<Route>;
}

/** IANA's special-purpose registry, multicast, class E, and Azure's platform address, which is public by number only. */
const SPECIAL_V4 =
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 ' +
  '192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 ' +
  '198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4';
/**
 * Everything outside 2000::/3 (with it ::1, v4-mapped, NAT64, unique local, link-local, multicast), and within it the
 * protocol assignments (Teredo, ORCHID), documentation, 6to4 and AS112.
 */
const SPECIAL_V6 = '::/3 4000::/2 8000::/1 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20';

const special = { v4: blockList(SPECIAL_V4, 'ipv4'), v6: blockList(SPECIAL_V6, 'ipv6') };

function blockList(ranges: string, family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges.split(' ')) {
    const [address = '', prefix] = range.split('/');
    list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** Whether an address is not a plain public one. What is no address at all counts as special. */
export function isSpecialPurpose(address: string): boolean {
  const plain = address.replace(/%.*$/u, '');
  const family = isIP(plain);
  if (family === 4) return special.v4.check(plain, 'ipv4');
  return family !== 6 || special.v6.check(plain, 'ipv6');
}

/** Whether two texts name the same address: `::FFFF:7f00:1` and `::ffff:127.0.0.1` do. */
export function isSameAddress(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

function canonical(address: string): string {
  return isIP(address) === 6 && !address.includes('%') ? new URL(`http://[${address}]/`).hostname : address;
}

/**
 * @param allow hosts and ports that may be reached whatever their address, as `parseWebhookAllow` gives them. They are
 *   compared with what the URL names: a public name that resolves to an allowed address does not pass.
 */
export function createSsrfGuard(allow: readonly string[], resolveHost: ResolveHost = resolveAll): SsrfGuard {
  const allowed = new Set(allow);
  return {
    async route(url) {
      const hostname = url.hostname.replace(/^\[|\]$/gu, '').replace(/\.$/u, '');
      const port = Number(url.port || DEFAULT_PORTS[url.protocol]);
      if (url.username || url.password) return refused('the address must not contain a user name or password');
      const isAllowed = allowed.has(webhookHostKey(url.hostname, port));
      const isHttp = url.protocol === 'https:' || url.protocol === 'http:';
      if (!isHttp && !isAllowed) return refused('only http and https are allowed');
      if (!isAllowed && port !== 443 && port !== 80 && port <= 1_023) return refused(`port ${port} is not allowed`);
      if (!isAllowed && /^(?:.*\.)?localhost$/u.test(hostname)) return refused('the host is this machine');
      if (isIP(hostname) !== 0) {
        if (!isAllowed && isSpecialPurpose(hostname)) return refused('the address is not a public one');
        return { ok: true, hostname, port, addresses: [hostname] };
      }
      const addresses = await resolveHost(hostname);
      if (addresses.length === 0) throw new Error('the name has no address');
      if (addresses.some((address) => isIP(address) === 0 || (!isAllowed && isSpecialPurpose(address)))) {
        return refused('the host resolves to an address that is not a public one');
      }
      return { ok: true, hostname, port, addresses };
    },
  };
}

function refused(reason: string): Route {
  return { ok: false, reason: `refused before anything was sent: ${reason} (see AOL_WEBHOOK_ALLOW)` };
}

async function resolveAll(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}
