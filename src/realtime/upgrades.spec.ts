import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RawSocket, upgradeRequest } from '../../test/support/clients/raw-socket.js';
import { takeUpgrades } from './upgrades.js';

const IGNORED_MS = 30;

describe('an upgrade that another listener has been told of', () => {
  let server: Server;
  let url: string;
  const lines: string[] = [];
  beforeEach(async () => {
    server = createServer((_request, response) => response.end('as if it asked for no upgrade'));
    server.on(
      'upgrade',
      takeUpgrades(server, () => undefined, { warn: (_cause, line) => void lines.push(line) }, IGNORED_MS),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  async function answerTo(request: string): Promise<string> {
    const raw = await RawSocket.open(url);
    raw.send(request);
    return (await raw.ended()).toString();
  }

  it('is answered with a problem when it wants a WebSocket and nobody takes it', async () => {
    server.on('upgrade', () => undefined);
    const text = await answerTo(upgradeRequest('/nowhere?ticket=secret'));
    expect(text).toMatch(/^HTTP\/1\.1 404 /);
    expect(text).toMatch(/content-type: application\/problem\+json/i);
    expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toMatchObject({ code: 'not_found', instance: '/nowhere' });
    expect(lines).toEqual([expect.stringMatching(/wsPath .*\/nowhere/)]);
    expect(lines.join()).not.toContain('secret');
  });

  it('is answered as if it wanted none when it wants another and nobody takes it', async () => {
    server.on('upgrade', () => undefined);
    const text = await answerTo(
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('as if it asked for no upgrade');
  });

  it('is left alone when the listener answers later than it was asked', async () => {
    server.on('upgrade', (_request, socket: Socket) => {
      setTimeout(() => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'), IGNORED_MS / 3);
      setTimeout(() => socket.end('its own words'), IGNORED_MS * 3);
    });
    const text = await answerTo(upgradeRequest('/own'));
    expect(text).toBe('HTTP/1.1 101 Switching Protocols\r\n\r\nits own words');
  });

  it('is left alone when the listener reads from it, though it answers late', async () => {
    server.on('upgrade', (_request, socket: Socket) => {
      socket.resume();
      setTimeout(() => socket.end('late'), IGNORED_MS * 3);
    });
    expect(await answerTo(upgradeRequest('/own'))).toBe('late');
  });
});
