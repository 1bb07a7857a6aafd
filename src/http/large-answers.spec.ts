import { EventEmitter, once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RULE } from '../auth/authentication/request-authenticator.js';
import { RawSocket } from '../../test/support/clients/raw-socket.js';
import { Gate } from '../../test/support/gate.js';
import { ByteBudget } from './byte-budget.js';
import { cutWhenStalled, sendLargeAnswersInParts } from './large-answers.js';

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

describe('an answer that stands still', () => {
  class Answer extends EventEmitter {
    writableLength = 0;
    isCut = false;
    timeouts = 0;
    private over: (() => void) | undefined;

    setTimeout(_ms: number, over?: () => void): void {
      this.timeouts += 1;
      this.over = over ?? this.over;
    }

    destroy(): void {
      this.isCut = true;
    }

    standStill(): void {
      this.over?.();
    }
  }

  it('is cut where there is something to take, and goes on where it is still being made', () => {
    const answer = new Answer();
    cutWhenStalled({ raw: answer as unknown as FastifyReply['raw'] });
    answer.standStill();
    expect([answer.isCut, answer.timeouts]).toEqual([false, 2]);
    answer.writableLength = 1;
    answer.standStill();
    expect(answer.isCut).toBe(true);
  });
});
