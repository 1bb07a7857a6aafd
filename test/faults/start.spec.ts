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
