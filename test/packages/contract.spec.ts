import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { startApp } from '../support/server/app.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const made = (await import(new URL('../../contracts.mjs', import.meta.url).href)) as {
  schemasFile(): string;
  formatted(document: unknown): string;
};

/* When one of these fails, the contract has changed: `npm run contracts` writes it anew, and what it has changed is to be read. */
describe('the contract', () => {
  it('has the schemas of the types', () => {
    expect(read('src/http/schemas.ts')).toBe(made.schemasFile());
  });

  it('is in docs/ as a server tells it', async () => {
    const server = await startApp();
    try {
      for (const name of ['openapi', 'asyncapi']) {
        const { body, status } = await server.api.get(`/api/${name}.json`);
        expect(status).toBe(200);
        expect(made.formatted(body) === read(`docs/${name}.json`) || name).toBe(true);
      }
    } finally {
      await server.close();
    }
  });
});
