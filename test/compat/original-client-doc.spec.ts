import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { httpExamples } from '../support/http-examples.js';
import { OriginalAdapter } from '../support/original-client.js';
import { startApp, type TestApp } from '../support/server/app.js';

const EXAMPLES = httpExamples('original-client.md');

describe('the examples of docs/original-client.md', () => {
  let server: TestApp;
  let client: OriginalAdapter;
  beforeAll(async () => {
    server = await startApp();
    client = new OriginalAdapter(server.url);
  });
  afterAll(() => server.close());

  it.each(EXAMPLES)('$call', async ({ method, path, body, status, answer }) => {
    expect(await client.call(method, path, body)).toMatchObject({ ...answer, status });
  });

  it('are there', () => {
    expect(EXAMPLES.length).toBeGreaterThan(8);
  });
});
