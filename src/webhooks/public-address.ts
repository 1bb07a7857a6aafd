import { BlockList, isIP } from 'node:net';

/*
 * What is on the public internet, by the special-purpose registries of IANA (RFC 6890) as of 2026; and the address by which
 * machines in Azure reach their host.
 */

const NOT_PUBLIC_4 = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
  168.63.129.16/32`;

/** All else is loopback, local, multicast, or an address of version 4 in another form: mapped, or through NAT64. */
const UNICAST_6 = '2000::/3';

/** Of those: Teredo and other protocols, documentation, and addresses of version 4 in another form (6to4). */
const NOT_PUBLIC_6 = '2001::/23 2001:db8::/32 2002::/16 3fff::/20';

function listOf(nets: string, family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const net of nets.split(/\s+/)) {
    const [address = '', bits] = net.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const notPublic4 = listOf(NOT_PUBLIC_4, 'ipv4');
const unicast6 = listOf(UNICAST_6, 'ipv6');
const notPublic6 = listOf(NOT_PUBLIC_6, 'ipv6');

/** Whether an address of IP is one on the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !notPublic4.check(address, 'ipv4');
  // one with a zone is of this machine's own network
  if (family !== 6 || address.includes('%')) return false;
  return unicast6.check(address, 'ipv6') && !notPublic6.check(address, 'ipv6');
}
