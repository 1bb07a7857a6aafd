import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { addressOf, siteOf } from './client-address.js';

const PROXY = '192.0.2.7';

function of(forwarded: string | undefined, proxies = 1, remoteAddress = PROXY): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return addressOf({ headers, socket: { remoteAddress } } as unknown as IncomingMessage, proxies);
}

describe('the address of a client', () => {
  it.each([
    ['203.0.113.9', ['203.0.113.9:1', '203.0.113.9:65535', '203.0.113.9.', '203.0.113.9.:80', ' 203.0.113.9 ']],
    ['203.0.113.9', ['[203.0.113.9]', '::ffff:203.0.113.9', '[::FFFF:cb00:7109]:443', '0:0:0:0:0:ffff:203.0.113.9']],
    ['2001:db8:0:1::', ['2001:db8:0:1::1', '[2001:db8:0:1::1]', '[2001:DB8::1:0:0:0:2]:443', '2001:0db8:0000:0001::f']],
    ['fe80:0:0:0::', ['fe80::1%eth0', '[fe80::1%eth0]', '[fe80::2%25en1]:80']],
  ])('is %s however a proxy writes it: %j', (address, spellings) => {
    for (const spelling of spellings) expect([spelling, of(spelling)]).toEqual([spelling, address]);
  });

  it.each(['unknown', '_hidden', '', '1.2.3', '1.2.3.4.5', '999.1.1.1', '[::1', '::g', 'a.example:80', '1.2.3.4:x'])(
    'that a proxy does not tell is that of the proxy: %j',
    (garbage) => {
      expect(of(garbage)).toBe(PROXY);
      expect(of(`203.0.113.9, ${garbage}, 198.51.100.2`, 2)).toBe('198.51.100.2');
    },
  );

  it('is what the proxies say, not what the client says in front of them', () => {
    expect(of('1.1.1.1, 203.0.113.9')).toBe('203.0.113.9');
    expect(of('1.1.1.1, 203.0.113.9, 198.51.100.2', 2)).toBe('203.0.113.9');
    expect(of('203.0.113.9', 2)).toBe('203.0.113.9');
    expect(of('203.0.113.9', 0)).toBe(PROXY);
    expect(of(undefined, 0, '::ffff:127.0.0.1')).toBe('127.0.0.1');
    expect(of(undefined)).toBe(PROXY);
    expect(of('1.1.1.1', 0, '')).toBe('');
  });

  it('belongs to a site where it is of IPv6', () => {
    expect(siteOf(of('2001:db8:1:2::3'))).toBe('2001:db8:1::');
    expect(siteOf(of('2001:db8:1:ffff::3'))).toBe('2001:db8:1::');
    expect(siteOf(of('203.0.113.9'))).toBeUndefined();
  });
});
