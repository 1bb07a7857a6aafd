import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram, ServerProcess } from '../support/server/process.js';
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

  it.each([
    [['get', 'nobody'], 1, 'says 404'],
    [['create', 'note', '--data', '{'], 2, '--data: expected JSON'],
    [['alter', 'a1'], 2, '<json> is missing'],
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
});
