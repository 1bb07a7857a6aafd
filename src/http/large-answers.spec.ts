import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RULE } from '../auth/authentication/request-authenticator.js';
import { RawSocket } from '../../test/support/clients/raw-socket.js';
import { Gate } from '../../test/support/gate.js';
import { ByteBudget } from './byte-budget.js';
import { sendLargeAnswersInParts } from './large-answers.js';

const BYTES = 100_000;

class HeldBytes extends ByteBudget {
  bytesHeld = 0;

  override hold(caller: string, bytes: number): void {
    super.hold(caller, bytes);
    this.bytesHeld += bytes;
  }

  override release(caller: string, bytes: number): void {
    super.release(caller, bytes);
    this.bytesHeld -= bytes;
  }
}

describe('a large answer', () => {
  let app: FastifyInstance;
  let budget: HeldBytes;
  let gate: Gate;
  let sent: Promise<void>;
  beforeEach(async () => {
    budget = new HeldBytes({ bytes: 10 * BYTES, bytesPerCaller: 10 * BYTES });
    gate = new Gate();
    app = fastify();
    sendLargeAnswersInParts(app, { budget, log: { warn: () => undefined } });
    sent = new Promise((resolve) => {
      app.addHook('onSend', (request, _reply, payload, done) => {
        done(null, payload);
        if (request.url === '/large') resolve();
      });
    });
    app.get('/large', { config: { [RULE]: {} } }, async () => {
      await gate.pass();
      return 'x'.repeat(BYTES);
    });
    // the first of two on a connection, which is never answered
    app.get('/never', () => new Promise(() => undefined));
    await app.listen({ port: 0 });
  });
  afterEach(() => app.close());

  it.each(['', 'GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n'])(
    'is not held for one who has gone before it was made, behind "%s"',
    async (before) => {
      const { port } = app.server.address() as AddressInfo;
      const accepted = once(app.server, 'connection') as Promise<[Socket]>;
      const raw = await RawSocket.open(`http://127.0.0.1:${port}`);
      const [socket] = await accepted;
      raw.send(`${before}GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await gate.reached;
      raw.socket.destroy();
      await once(socket, 'close');
      gate.open();
      await sent;
      expect(budget.bytesHeld).toBe(0);
    },
  );

  it('is not held for one who has gone before it was their turn', async () => {
    const { port } = app.server.address() as AddressInfo;
    const accepted = once(app.server, 'connection') as Promise<[Socket]>;
    const raw = await RawSocket.open(`http://127.0.0.1:${port}`);
    const [socket] = await accepted;
    raw.send('GET /never HTTP/1.1\r\nHost: localhost\r\n\r\nGET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
    gate.open();
    await sent;
    expect(budget.bytesHeld).toBe(BYTES);
    raw.socket.destroy();
    await once(socket, 'close');
    expect(budget.bytesHeld).toBe(0);
  });
});
