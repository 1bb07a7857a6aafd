import type { JsonObject } from '../../src/protocol/index.js';
import { mergePatch } from '../../src/protocol/merge/merge-patch.js';
import { SyncError } from './core/errors.js';
import type { AnyKinds, Client, KindOf } from './index.js';

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

type Write = (...args: unknown[]) => Promise<unknown>;
const WRITES: ReadonlySet<string> = new Set<keyof Client>([
  ...(['create', 'update', 'replace', 'patch', 'rename', 'tag', 'share', 'delete', 'restore'] as const),
]);

/**
 * A client that refuses what the server would, before it is kept: each write whose `data` does not fit the schema of its
 * kind rejects with a SyncError `invalid`, whose `cause` has the issues. A JSON Patch, and changes of what is not here, the
 * server alone judges, as what is written through the client itself, or again by `retry`. Writes keep their order.
 */
export function validated<Map = AnyKinds>(
  client: Client<Map>,
  schemas: { readonly [Kind in KindOf<Map>]?: Schema },
): Client<Map> {
  const on = client as unknown as Client;

  async function check(kind: string, data: unknown): Promise<void> {
    const schema = Object.hasOwn(schemas, kind) ? (schemas as Readonly<Record<string, Schema>>)[kind] : undefined;
    const { issues } = ((await schema?.['~standard'].validate(data)) ?? {}) as { readonly issues?: readonly Issue[] };
    if (!issues?.length) return;
    throw new SyncError('invalid', `this is no ${kind}: ${issues.map(sentence).join('; ')}`, { cause: issues });
  }

  /** The checks that are under way: each write goes behind those before it, checked or not. */
  let line: Promise<unknown> = Promise.resolve();
  function inTurn(write: Write): Write {
    return (...args) => {
      const written = line.then(() => write(...args));
      line = written.catch(() => undefined);
      return written;
    };
  }

  /** @param made what becomes of `data`. */
  async function checkChange(id: string, made: (data: JsonObject) => unknown, to?: string): Promise<void> {
    const atome = await on.get(id);
    if (atome) await check(to ?? atome.kind, made(atome.data));
  }

  const writes: Pick<Client, 'create' | 'update' | 'replace' | 'patch' | 'rename'> = {
    async create(atome, options) {
      await check(atome.kind, atome.data);
      return on.create(atome, options);
    },
    async update(id, changes, options) {
      await checkChange(id, (data) => ({ ...data, ...changes }));
      return on.update(id, changes, options);
    },
    async replace(id, parts, options) {
      const { kind, data: whole } = parts;
      if (kind !== undefined || whole) await checkChange(id, (data) => whole ?? data, kind);
      return on.replace(id, parts, options);
    },
    async patch(id, changes, options) {
      if (!Array.isArray(changes)) await checkChange(id, (data) => mergePatch(data, changes as JsonObject));
      return on.patch(id, changes, options);
    },
    async rename(id, name, options) {
      await checkChange(id, (data) => ({ ...data, name }));
      return on.rename(id, name, options);
    },
  };
  const all = Object.entries({ ...on, ...writes }) as [string, Write][];
  return Object.fromEntries(
    all.map(([name, each]) => [name, WRITES.has(name) ? inTurn(each) : each]),
  ) as unknown as Client<Map>;
}

function sentence({ message, path = [] }: Issue): string {
  const at = path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
  return at ? `${at}: ${message}` : message;
}
