import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { ServerProcess } from '../support/server/process.js';

const IN_MEMORY = { DATABASE_URL: 'sqlite::memory:' };

const HAS_IPV6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'));

describe('the start of the server', () => {
  it('is refused with every offending name and exit code 78', async () => {
    const { code, output } = await ServerProcess.fail({
      PORT: 'http',
      DATABASE_URL: 'mysql://user:secret@db/atome',
      LOG_LEVEL: 'loud',
      HEARTBEAT_MS: '1',
    });
    expect(code).toBe(78);
    for (const name of ['PORT', 'DATABASE_URL', 'LOG_LEVEL', 'HEARTBEAT_MS']) expect(output).toContain(`${name}=`);
    expect(output).not.toContain('secret');
  });

  it('is refused for an address that others can reach, and says how to allow it', async () => {
    const { code, output } = await ServerProcess.fail({ ...IN_MEMORY, HOST: '0.0.0.0' });
    expect(code).toBe(78);
    expect(output).toContain('AUTH=off-insecure');
  });

  it('is allowed for such an address by name', async () => {
    const server = await ServerProcess.start({ ...IN_MEMORY, HOST: '0.0.0.0', AUTH: 'off-insecure' });
    expect((await server.api.get('/health/ready')).status).toBe(200);
    expect(await server.kill('SIGTERM')).toBe(0);
  });

  it('is refused with a clear sentence when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, output } = await ServerProcess.fail({ ...IN_MEMORY, PORT: String(port) });
    other.close();
    expect(code).toBe(1);
    expect(output).toMatch(/^atome-sync cannot run: the port is in use: .*PORT.*\n$/);
  });

  it.each(['203.0.113.7', 'no-such-host.invalid'])(
    'is refused with one sentence for an address of others: %s',
    async (HOST) => {
      const { code, output } = await ServerProcess.fail({ ...IN_MEMORY, HOST, AUTH: 'off-insecure' });
      expect({ code, output }).toEqual({
        code: 1,
        output: expect.stringMatching(/^atome-sync cannot run: HOST .*\n$/),
      });
      expect(output).toContain(HOST);
    },
  );

  it('is refused with a clear sentence when the database cannot be reached', async () => {
    const { code, output } = await ServerProcess.fail({ DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/none' });
    expect(code).toBe(1);
    expect(output).toMatch(/^atome-sync cannot run: PostgreSQL at 127\.0\.0\.1:1, .*DATABASE_URL.*\n$/);
    expect(output).not.toContain('secret');
  });

  (HAS_IPV6 ? it : it.skip)('writes an IPv6 address as a URL has it', async () => {
    const server = await ServerProcess.start({ ...IN_MEMORY, HOST: '::1' });
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await server.api.get('/health/ready')).status).toBe(200);
    expect(await server.kill('SIGTERM')).toBe(0);
  });

  it('obeys a signal from the moment it says that it listens', async () => {
    const server = await ServerProcess.start(IN_MEMORY);
    expect(await server.kill('SIGTERM')).toBe(0);
  });
});
