import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { upTo } from '../support/feed/order.js';
import { isSigned, Receiver, taking, type Received } from '../support/receiver.js';
import { ServerProcess } from '../support/server/process.js';

const EVENTS = 20;
const PATH = '/hook';

describe.each(DATABASES)('a server that is killed while it sends to a webhook, on %s,', (_name, make) => {
  let database: Database;
  let receiver: Receiver;
  let received: readonly Received[];
  let secret: string;
  beforeAll(async () => {
    database = await make();
    receiver = await Receiver.start();
    const environment = { DATABASE_URL: database.url, WEBHOOKS_ALLOW_PRIVATE: 'on' };
    const first = await ServerProcess.start(environment);
    let kill: () => void = () => undefined;
    const killed = new Promise<void>((resolve) => (kill = resolve));
    receiver.answer(PATH, (message, response, count) => (count === 7 ? kill() : taking(message, response, count)));
    const { body } = await first.api.post('/api/webhooks', { url: receiver.url(PATH) });
    ({ secret } = body.data as { secret: string });
    for (const n of upTo(EVENTS)) await first.api.create({ n });
    await killed;
    await first.kill('SIGKILL');
    const second = await ServerProcess.start(environment);
    received = await receiver.until(PATH, (all) => all.at(-1)?.body.data.seq === EVENTS);
    await second.kill('SIGTERM');
  });
  afterAll(async () => {
    await receiver.close();
    await database.drop();
  });

  it('is followed by one that sends all the rest, in order, and repeats only what was under way', () => {
    const seqs = received.map(({ body }) => Number(body.data.seq));
    expect([...new Set(seqs)]).toEqual(upTo(EVENTS));
    const steps = seqs.slice(1).map((seq, index) => seq - seqs[index]!);
    expect(steps.filter((step) => step !== 1 && step !== 0)).toEqual([]);
    expect(received.length).toBeGreaterThan(EVENTS);
  });

  it('gives what is repeated the same id, and signs it anew', () => {
    const ids = new Set(
      received.map(({ headers, body }) => `${String(headers['webhook-id'])} ${String(body.data.seq)}`),
    );
    expect(ids.size).toBe(EVENTS);
    expect(received.every((each) => isSigned(each, secret))).toBe(true);
  });
});
