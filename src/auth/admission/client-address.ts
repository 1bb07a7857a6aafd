import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

/** How many bits of an IPv6 address are one subscriber's at least, and one site's. */
type Width = 64 | 48;

/**
 * Whose machine a request comes from: an IPv4 address, or the network of an IPv6 address, since who has one of those has
 * all of its addresses. Two spellings of one address are one.
 * @param proxies how many proxies stand in front. Each appends to `X-Forwarded-For` whom it was asked by; what
 *   stands further left is the client's own word.
 */
export function addressOf({ headers, socket }: IncomingMessage, proxies: number): string {
  const own = socket.remoteAddress ?? '';
  const forwarded = proxies > 0 ? [headers['x-forwarded-for'] ?? []].flat().flatMap((list) => list.split(',')) : [];
  const hops = [...forwarded, own].slice(-1 - proxies);
  // where a proxy does not tell, it is the one that is known
  for (const hop of hops) {
    const address = canonical(hop);
    if (address !== undefined) return networkOf(address, 64);
  }
  return own;
}

/** The site that an address of {@link addressOf} belongs to; undefined for IPv4, which has none to itself. */
export function siteOf(address: string): string | undefined {
  return isIPv6(address) ? networkOf(address, 48) : undefined;
}

/**
 * An address as all proxies mean it: some append a port, put IPv6 in brackets, or name the zone of a link-local one.
 * @returns undefined for what is none, such as `unknown` and the hidden names of RFC 7239.
 */
function canonical(hop: string): string | undefined {
  const text = hop.trim().toLowerCase();
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+?)\.?(?::\d+)?$/.exec(text)?.[1] ?? text;
  if (isIPv4(bare)) return bare;
  return isIPv6(bare) ? embeddedIPv4(bare.split('%', 1)[0]!) : undefined;
}

/** An IPv4 address that was written as an IPv6 one (RFC 4291 §2.5.5.2), and any other as it is. */
function embeddedIPv4(address: string): string {
  const groups = groupsOf(address);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped
    ? groups
        .slice(6)
        .flatMap((group) => [group >> 8, group & 0xff])
        .join('.')
    : address;
}

function networkOf(address: string, width: Width): string {
  if (!isIPv6(address)) return address;
  const kept = groupsOf(address).slice(0, width / 16);
  return `${kept.map((group) => group.toString(16)).join(':')}::`;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  // a URL writes every spelling of an address as one
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const [front, back] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const gap = Array.from({ length: 8 - front!.length - back!.length }, () => '0');
  return [...front!, ...gap, ...back!].map((group) => parseInt(group, 16));
}
