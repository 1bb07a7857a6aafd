import type { Atome, JsonObject } from '../../src/protocol/index.js';
import { mergePatch } from '../../src/protocol/merge/merge-patch.js';
import { SyncError } from './core/errors.js';
import { jsonCopy } from './offline/json-copy.js';
import type { AnyKinds, Client, KindOf, PendingWrite } from './index.js';

/** The part of a Standard Schema that is asked: the interface that zod, valibot, arktype, typebox and others share. */
export interface Schema {
  /** What the standard names, under its one key. */
  readonly '~standard': {
    /** What is wrong with a value, or the value; at once or later. */
    readonly validate: (value: unknown) => unknown;
  };
}

/** One thing that is wrong with a value. */
interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
}

/** What schemas look at; null where only the server knows. */
type Judged = Pick<Atome, 'kind' | 'data'> | null;

type Call = (...args: unknown[]) => Promise<unknown>;
const WRITES: ReadonlySet<string> = new Set<keyof Client>([
  ...(['create', 'update', 'replace', 'patch', 'rename', 'tag', 'share', 'delete', 'restore', 'retry'] as const),
]);

/**
 * A client that refuses what the server would, before it is kept: each write whose `data` does not fit the schema of its
 * kind rejects with a SyncError `invalid`, whose `cause` has the issues, and so does a `retry` that would bring such a write
 * back. A JSON Patch, and changes of what is not here, the server alone judges, as what is written through the client
 * itself. Writes keep their order.
 */
export function validated<Map = AnyKinds>(
  client: Client<Map>,
  schemas: { readonly [Kind in KindOf<Map>]?: Schema },
): Client<Map> {
  const on = client as unknown as Client;

  /** The calls that are under way: each goes behind those before it, checked or not. */
  let line: Promise<unknown> = Promise.resolve();
  function inTurn(call: Call): Call {
    return async (...given) => {
      // as it is at the call: what was checked is what is written
      const args = jsonCopy(given);
      const written = line.then(() => call(...args));
      line = written.catch(() => undefined);
      return written;
    };
  }

  /** @returns what the write makes of what there is. */
  async function check(write: Partial<PendingWrite>, there?: Judged): Promise<Judged> {
    const before = there === undefined ? await on.get(write.atomeId!) : there;
    const after = made(before, write);
    if (!after || after === before) return after;
    const { kind, data } = after;
    const schema = Object.hasOwn(schemas, kind) ? (schemas as Readonly<Record<string, Schema>>)[kind] : undefined;
    const { issues } = ((await schema?.['~standard'].validate(data)) ?? {}) as { readonly issues?: readonly Issue[] };
    if (!issues?.length) return after;
    throw new SyncError('invalid', `this is no ${kind}: ${issues.map(sentence).join('; ')}`, { cause: issues });
  }

  const checked: Pick<Client, 'create' | 'update' | 'replace' | 'patch' | 'rename' | 'retry'> = {
    async create(atome, options) {
      await check({ operation: 'create', ...atome } as never, null);
      return on.create(atome, options);
    },
    async update(id, changes, options) {
      await check({ operation: 'update', atomeId: id, changes: changes as JsonObject });
      return on.update(id, changes, options);
    },
    async replace(id, parts, options) {
      await check({ ...parts, operation: 'replace', atomeId: id });
      return on.replace(id, parts, options);
    },
    async patch(id, changes, options) {
      await check({ operation: 'patch', atomeId: id, changes: changes as JsonObject });
      return on.patch(id, changes, options);
    },
    async rename(id, name, options) {
      await check({ operation: 'rename', atomeId: id, changes: { name } });
      return on.rename(id, name, options);
    },
    async retry(opId, edit) {
      /** What those before have made, by the id that each had when it was refused. */
      const there = new Map<string, Judged>();
      for (const { operation, error } of await on.rejected()) {
        const { atomeId } = operation;
        const write = operation.opId === opId ? { ...operation, ...edit } : operation;
        if (write !== operation || error.details?.create === opId)
          there.set(atomeId, await check(write, there.get(atomeId)));
      }
      return on.retry(opId, edit);
    },
  };
  const all = Object.entries({ ...on, ...checked }) as [string, Call][];
  return Object.fromEntries(
    all.map(([name, each]) => [name, WRITES.has(name) ? inTurn(each) : each]),
  ) as unknown as Client<Map>;
}

/** What a write makes of what there is: that itself where it leaves kind and data alone. */
function made(before: Judged, { operation, kind, data, changes }: Partial<PendingWrite>): Judged {
  if (operation === 'create') return { kind: kind!, data: data! };
  if (!before) return null;
  const now = (data: unknown): Judged => ({ kind: kind ?? before.kind, data: data as JsonObject });
  switch (operation) {
    case 'replace':
      return kind !== undefined || data ? now(data ?? before.data) : before;
    case 'update':
    case 'rename':
      return now({ ...before.data, ...(changes as JsonObject) });
    case 'patch':
      return Array.isArray(changes) ? null : now(mergePatch(before.data, changes as JsonObject));
    default:
      return before;
  }
}

function sentence({ message, path = [] }: Issue): string {
  const at = path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
  return at ? `${at}: ${message}` : message;
}
