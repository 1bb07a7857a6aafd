import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { ndjson } from './ndjson.js';

const onError = (error: unknown): void => {
  throw error;
};

describe('lines of JSON', () => {
  it('have a header, and a trailer that proves them whole', async () => {
    async function* records(): AsyncGenerator<object> {
      yield { n: 1 };
      yield { n: 2 };
    }
    const lines = (await text(ndjson({ header: () => ({ seq: 7 }), records, onError }))).split('\n');
    expect(lines.slice(0, 3)).toEqual(['{"seq":7}', '{"n":1}', '{"n":2}']);
    expect(JSON.parse(lines[3]!)).toEqual({ count: 2, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('are made as they are taken, and end without a trailer when they are cut off', async () => {
    const cut = new AbortController();
    let [made, ended] = [0, false];
    async function* records(): AsyncGenerator<object> {
      try {
        for (;;) yield { n: (made += 1), text: 'x'.repeat(1_000) };
      } finally {
        ended = true;
      }
    }
    const stream = ndjson({ header: () => ({}), records, onError, signal: cut.signal });
    await once(stream, 'readable');
    await new Promise(setImmediate);
    expect(made).toBeLessThan(200);
    const closed = once(stream, 'close');
    cut.abort();
    await closed;
    expect([ended, stream.readableEnded]).toEqual([true, false]);
  });
});
