import type { IncomingMessage } from 'node:http';
import { normalizeIP } from '@fastify/rate-limit';

/**
 * Whose machine a request comes from: an IPv4 address, or the network of an IPv6 address, since who has one of those has
 * all of its addresses.
 * @param proxies how many proxies stand in front. Each appends to `X-Forwarded-For` whom it was asked by; what
 *   stands further left is the client's own word.
 */
export function addressOf({ headers, socket }: IncomingMessage, proxies: number): string {
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().flatMap((list) => list.split(','));
  const hops = [...(proxies > 0 ? forwarded : []), socket.remoteAddress ?? ''].map((hop) => hop.trim());
  return normalizeIP(hops[Math.max(0, hops.length - 1 - proxies)]!);
}
