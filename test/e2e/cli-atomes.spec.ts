import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestSocket } from '../support/clients/socket.js';
import { runProgram, ServerProcess, spawnProgram } from '../support/server/process.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

describe('the commands for the atomes of a server', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await ServerProcess.start({ ...WITH_TOKENS, DATABASE_URL: 'sqlite::memory:', RATE_LIMIT: '0' });
  });
  afterAll(() => server.kill('SIGTERM'));

  const cli = (...args: string[]) =>
    runProgram('cli/atome-sync', [...args, '--url', `${server.url}/api`], { ATOME_SYNC_TOKEN: tokenOf('writer') });
  const told = async (...args: string[]): Promise<Record<string, unknown>[]> => {
    const { code, stdout, stderr } = await cli(...args, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it('create, alter, list, delete and restore one, and look back at it', async () => {
    await told('create', 'note', '--id', 'a1', '--data', '{"title":"My Note","n":1}', '--key', 'k1');
    // the same write once
    expect(
      await told('create', 'note', '--id', 'a1', '--data', '{"title":"My Note","n":1}', '--key', 'k1'),
    ).toMatchObject([{ id: 'a1', version: 1 }]);
    await told('alter', 'a1', '{"title":"Our Note"}', '--version', '1', '--reason', 'it is shared');
    const late = await cli('alter', 'a1', '{"title":"late"}', '--version', '1');
    expect(late).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/ says 412: [^\n]*\n$/) });
    await told('alter', 'a1', '{"n":null}', '--patch');
    expect(await told('get', 'a1')).toMatchObject([{ id: 'a1', version: 3, data: { title: 'Our Note' } }]);
    expect(await told('get', 'a1', '--version', '1')).toMatchObject([{ data: { title: 'My Note', n: 1 } }]);
    expect(await told('list', '--where', '{"data.title":"Our Note"}')).toMatchObject([{ id: 'a1' }]);
    expect((await cli('delete', 'a1')).stdout).toBe('a1  v4  seq 4\n');
    expect((await cli('list')).stdout).toBe('');
    expect((await cli('restore-atome', 'a1', '2')).stdout).toBe('a1  v5  seq 5\n');
    const history = await told('history', 'a1');
    expect(history.map(({ operation }) => operation)).toEqual(['restore', 'delete', 'patch', 'update', 'create']);
    const page = await cli('history', 'a1', '--limit', '2');
    expect(page).toMatchObject({ code: 0, stderr: expect.stringMatching(/^there is more: --cursor \S+\n$/) });
  });

  it('take JSON from standard input, however long', async () => {
    const data = { text: 'x'.repeat(200_000) };
    const run = (args: string, input: object) =>
      runProgram(
        'cli/atome-sync',
        [...args.split(' '), '--url', server.url],
        { ATOME_SYNC_TOKEN: tokenOf('writer') },
        JSON.stringify(input),
      );
    expect(await run('create note --id long --data -', data)).toMatchObject({ code: 0, stderr: '' });
    expect(await run('alter long -', { n: 1 })).toMatchObject({ code: 0, stderr: '' });
    expect(await told('get', 'long')).toMatchObject([{ data: { ...data, n: 1 } }]);
  });

  it.each([
    ['a token', ['list', '--token', 'canary\nx'], '--token: expected visible ASCII'],
    ['a key', ['delete', 'a1', '--key', 'clé-canary-日'], '--key: expected 1–200 visible ASCII'],
    ['a version', ['delete', 'a1', '--version', 'canary\n'], '--version: expected a number'],
  ])('refuse %s that no header can hold, and do not repeat it', async (_, args, says) => {
    const { code, stderr } = await cli(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) });
    expect(stderr).not.toContain('canary');
  });

  it.each([
    [['get', 'nobody'], 1, 'says 404'],
    [['create', 'note', '--data', '{'], 2, '--data: expected JSON'],
    [['alter', 'a1'], 2, '<json> is missing'],
    [['alter', 'a1', '{bad'], 2, '<json>: expected JSON'],
    [['restore-atome', 'a1', 'first'], 2, 'expected a number'],
    [['bench-lite', '--seconds', '61'], 2, '--seconds: expected a whole number up to 60'],
  ])('say what is wrong: %j', async (args, code, says) => {
    const { stdout, ...ended } = await cli(...args);
    expect({ ...ended, stdout }).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(says) });
    expect(ended.stderr).not.toContain('    at ');
  });

  it('measure it, miss nothing, and leave no atome behind', async () => {
    const [figures] = await told('bench-lite', '--seconds', '1', '--writers', '3', '--readers', '2');
    expect(figures).toMatchObject({
      missing: 0,
      deliveries: 2 * Number(figures!.writes),
      ms: { p50: expect.any(Number) },
    });
    expect(figures!.writes).toBeGreaterThanOrEqual(6);
    expect(await cli('list', '--kind', 'bench-lite')).toMatchObject({ code: 0, stdout: '' });
  });

  it('delete what the measurement has made when it is ended early', async () => {
    const watcher = await TestSocket.connect(server.wsUrl, { authorization: `Bearer ${tokenOf('writer')}` });
    const child = spawnProgram('cli/atome-sync', ['bench-lite', '--seconds', '60', '--url', server.url], {
      ATOME_SYNC_TOKEN: tokenOf('writer'),
    });
    const ended = once(child, 'exit');
    await watcher.next('atome:altered');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(await cli('list', '--kind', 'bench-lite')).toMatchObject({ code: 0, stdout: '' });
    await watcher.close();
  });

  it('end the measurement of who may not write with the sentence of the server', async () => {
    const args = ['bench-lite', '--seconds', '60', '--readers', '2', '--url', server.url];
    const refused = await runProgram('cli/atome-sync', args, { ATOME_SYNC_TOKEN: tokenOf('reader') });
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/ says 403: [^\n]*\n$/) });
  });
});

describe('the measurement of a server that bounds who writes', () => {
  const measure = async (environment: Record<string, string>) => {
    const server = await ServerProcess.start({ ...WITH_TOKENS, DATABASE_URL: 'sqlite::memory:', ...environment });
    const args = ['bench-lite', '--seconds', '1', '--writers', '4', '--readers', '1', '--json', '--url', server.url];
    const measured = await runProgram('cli/atome-sync', args, { ATOME_SYNC_TOKEN: tokenOf('writer') });
    const { body } = await server.api.as(tokenOf('admin')).get('/api/atome/list?kind=bench-lite');
    await server.kill('SIGTERM');
    return { ...measured, left: body.data };
  };

  it('waits as it is told to, and says so', async () => {
    // of four that begin together one may write at once
    const { stdout, ...ended } = await measure({ TENANT_WRITES_PER_SECOND: '5', TENANT_WRITE_BURST: '1' });
    expect(ended).toEqual({ code: 0, stderr: '', left: [] });
    const { missing, limited } = JSON.parse(stdout) as { missing: number; limited: number };
    expect([missing, limited > 0]).toEqual([0, true]);
  });

  it('ends with a refusal, and leaves no atome behind', async () => {
    expect(await measure({ TENANT_ATOMES: '1' })).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/ says 429: [^\n]*\n$/),
      left: [],
    });
  });
});
