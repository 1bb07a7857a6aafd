import { AtomeService } from '../../src/atome/atome.service.js';
import { AtomeError, type ErrorBody } from '../../src/protocol/index.js';
import type { TestApp } from './server/app.js';

/** How a write was answered; without an error it is acknowledged. */
export interface Answered {
  readonly error?: Pick<ErrorBody, 'code' | 'status' | 'retryable' | 'message'>;
  /** Where the entry point has headers. */
  readonly retryAfter?: string | null;
}

type EntryPoint<Server = TestApp> = (server: Server, id: string) => Promise<Answered>;
/** What is reached over the network, in whichever process it is. */
type Reachable = Pick<TestApp, 'api' | 'connect'>;

const note = { kind: 'note', data: { title: 'a note' } };

/** {@link ENTRY_POINTS} of the network. */
export const NETWORK_ENTRY_POINTS: readonly (readonly [name: string, create: EntryPoint<Reachable>])[] = [
  ['REST', rest],
  ['WebSocket', webSocket],
  ['push', push],
];
/** For `describe.each` or a loop: every way in which one atome can be created. */
export const ENTRY_POINTS: readonly (readonly [name: string, create: EntryPoint])[] = [
  ...NETWORK_ENTRY_POINTS,
  ['AtomeService', service],
];

async function rest({ api }: Reachable, id: string): Promise<Answered> {
  const { status, body, headers } = await api.post('/api/atome/create', { id, ...note });
  if (status === 201) return {};
  return {
    error: { ...(body as unknown as ErrorBody), message: String(body.detail), status },
    retryAfter: headers.get('retry-after'),
  };
}

async function webSocket(server: Reachable, id: string): Promise<Answered> {
  const socket = await server.connect();
  socket.send({ type: 'mutate', opId: `socket-${id}`, operation: 'create', atomeId: id, ...note });
  const answer = await socket.answer();
  return answer.type === 'nack' ? { error: answer.error } : {};
}

async function push({ api }: Reachable, id: string): Promise<Answered> {
  const operations = [{ opId: `push-${id}`, operation: 'create', atomeId: id, ...note }];
  const { body } = await api.post('/api/sync/push', { operations });
  const [answer] = body.results as { type: string; error?: ErrorBody }[];
  return answer!.error ? { error: answer!.error } : {};
}

async function service({ app }: TestApp, id: string): Promise<Answered> {
  try {
    await app.get(AtomeService).create({ id, ...note });
    return {};
  } catch (error) {
    if (error instanceof AtomeError) return { error: error.toBody() };
    throw error;
  }
}
