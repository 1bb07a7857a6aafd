import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Waiting } from '../auth/admission/fair-slots.js';

/** What is to be done when a connection closes: one listener, however many requests come over it. */
const ends = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls once when an answer has ended, sent or not; at once when its client has gone before. An answer behind another on
 * its connection says nothing when the connection closes.
 */
export function whenOver({ raw: { socket } }: FastifyRequest, { raw: answer }: FastifyReply, end: () => void): void {
  if (answer.closed || socket.destroyed) return end();
  const waiting = endsOf(socket);
  const once = (): void => {
    if (waiting.delete(once)) end();
  };
  waiting.add(once);
  answer.once('close', once);
}

/** Waits as long as the client is there, and no longer than is usual. */
export function whileAsked(request: FastifyRequest, reply: FastifyReply): Waiting {
  return { onGone: (gone) => whenOver(request, reply, gone) };
}

function endsOf(socket: Socket): Set<() => void> {
  const known = ends.get(socket);
  if (known) return known;
  const waiting = new Set<() => void>();
  ends.set(socket, waiting);
  socket.once('close', () => [...waiting].forEach((end) => end()));
  return waiting;
}
