import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { OriginalAdapter } from '../support/original-client.js';

const TEXT = readFileSync(new URL('../../docs/original-client.md', import.meta.url), 'utf8');

/** The calls of the page, in order: a line with the call, perhaps one with the body, one with the answer. */
const calls = [...TEXT.matchAll(/^```http\n(.*?)^```/gms)]
  .flatMap(([, block]) => block!.trim().split('\n\n'))
  .map((call) => call.split('\n') as [string, ...string[]]);

describe('the examples of docs/original-client.md', () => {
  let server: TestApp;
  let client: OriginalAdapter;
  beforeAll(async () => {
    server = await startApp();
    client = new OriginalAdapter(server.url);
  });
  afterAll(() => server.close());

  it.each(calls)('%s', async (call, ...lines) => {
    const [method, path] = call.split(' ') as [string, string];
    const [, status, answer] = /^(\d+) (.*)$/.exec(lines.pop()!)!;
    const body = lines[0] === undefined ? undefined : (JSON.parse(lines[0]) as object);
    expect(await client.call(method, path, body)).toMatchObject({
      ...(JSON.parse(answer!) as object),
      status: Number(status),
    });
  });

  it('are there', () => {
    expect(calls.length).toBeGreaterThan(8);
  });
});
