import type { ErrorBody, ErrorCode, JsonObject, Operation } from '../../../src/protocol/index.js';
import { uuidv7 } from '../../../src/protocol/ids.js';
import type { Call, Http } from './http.js';
import { failed, failure, isRetryable, type Failure, type Result } from './result.js';
import type { OnlineSession } from './session.js';
import type {
  AlterInput,
  Altered,
  CreateInput,
  Created,
  Deleted,
  GetOptions,
  Got,
  History,
  HistoryQuery,
  Listed,
  ListQuery,
  Renamed,
  Restored,
  WriteOptions,
} from './answers.js';

/**
 * The shared objects themselves, over REST. Every call answers `{ success: true, … }` or
 * `{ success: false, error, code }` and never throws for what a server or a network can do. A write whose
 * answer was lost is repeated under the same name, so that it happens once.
 */
export interface UnifiedAtome {
  create(input: CreateInput): Promise<Result<Created>>;
  /** One atome, now or as it was at a version, a seq or a time. */
  get(id: string, options?: GetOptions): Promise<Result<Got>>;
  list(query?: ListQuery): Promise<Result<Listed>>;
  /** Changes an atome by one of the operations of the protocol. */
  alter(id: string, input: AlterInput): Promise<Result<Altered>>;
  /** Sets the named top-level keys of `data` and leaves the others. */
  update(id: string, data: JsonObject, options?: WriteOptions): Promise<Result<Altered>>;
  /** Sets `data.name`. */
  rename(id: string, name: string | { readonly newName: string }, options?: WriteOptions): Promise<Result<Renamed>>;
  /** Deletes softly: `restore` brings it back. */
  delete(id: string, options?: WriteOptions): Promise<Result<Deleted>>;
  /** What was done to an atome, page by page. */
  history(id: string, query?: HistoryQuery): Promise<Result<History>>;
  /** Writes the state of an earlier version as a new version; a deleted atome comes back. */
  restore(
    id: string,
    version: number | ({ readonly version: number } & WriteOptions),
    options?: WriteOptions,
  ): Promise<Result<Restored>>;
}

/** The REST call of an operation on one atome: its method, and what stands behind the id. */
type Route = readonly [operation: Operation, method: 'POST' | 'PUT' | 'DELETE', action?: string];

/** The two of the session's parts that writes are told to. */
type WritePort = Pick<OnlineSession, 'own' | 'events'>;

export function unifiedAtome(http: Http, { own, events }: WritePort): UnifiedAtome {
  let pending = 0;
  const count = (by: number): void => events.emit('sync:pending', { count: (pending += by) });

  async function write<T extends object>(
    operation: Operation,
    call: Pick<Call, 'method' | 'path' | 'body' | 'baseVersion'>,
    atomeId?: string,
  ): Promise<Result<T>> {
    const opId = uuidv7();
    const sent = { opId, operation, atomeId, ...call.body };
    own.add(opId, sent);
    count(1);
    const result = await http.call<T>({ ...call, opId }).finally(() => count(-1));
    if (!result.success && !isRetryable(result)) {
      own.take(opId);
      events.emit('sync:rejected', { operation: sent, error: errorBody(result) });
    }
    return result;
  }

  async function change<T extends object>(
    [operation, method, action]: Route,
    id: string,
    body: object,
    { reason, baseVersion }: WriteOptions = {},
  ): Promise<Result<T>> {
    return (
      badId(id) ?? write(operation, { method, path: pathOf(id, action), body: { ...body, reason }, baseVersion }, id)
    );
  }

  async function read<T extends object>(id: string, action?: string, query?: object): Promise<Result<T>> {
    return badId(id) ?? http.call({ method: 'GET', path: pathOf(id, action), query });
  }

  return {
    create: (input) => write('create', { method: 'POST', path: '/atome/create', body: input }, input.id),
    get: (id, options) => read(id, undefined, options),
    list: (query) => http.call({ method: 'GET', path: '/atome/list', query }),
    alter: (id, { operation = 'update', changes, ...options }) =>
      operation === 'replace'
        ? change([operation, 'PUT'], id, changes, options)
        : change([operation, 'POST', 'alter'], id, { operation, changes }, options),
    update: (id, data, options) =>
      change(['update', 'POST', 'alter'], id, { operation: 'update', changes: data }, options),
    rename: (id, name, options) =>
      change(['rename', 'POST', 'rename'], id, typeof name === 'string' ? { newName: name } : name, options),
    delete: (id, options) => change(['delete', 'DELETE'], id, {}, options),
    history: (id, query) => read(id, 'history', query),
    restore(id, target, options) {
      const { version, ...rest } = typeof target === 'number' ? { version: target } : target;
      return change(['restore', 'POST', 'restore'], id, { version }, { ...rest, ...options });
    },
  };
}

function pathOf(id: string, action?: string): string {
  return `/atome/${encodeURIComponent(id)}${action ? `/${action}` : ''}`;
}

/** An id that would lead to another address than its own. */
function badId<T>(id: unknown): Result<T> | undefined {
  if (typeof id === 'string' && !/^\.{0,2}$/.test(id)) return undefined;
  return failed(failure('invalid', 'id is required: the id of an atome, a text'));
}

/** A refusal, in the words of a `nack`. Without an answer there was no token. */
function errorBody({ code, error: message, status = 401, errors }: Failure): ErrorBody {
  return {
    code: code as ErrorCode,
    message,
    status,
    retryable: false,
    ...(errors && { details: { errors: errors.map((issue) => ({ ...issue })) } }),
  };
}
