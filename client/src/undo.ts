import type { Atome, JsonObject } from '../../src/protocol/index.js';
import type { AnyKinds, Client, Written } from './index.js';

type Writes<Map> = Pick<Client<Map>, 'create' | 'update' | 'replace' | 'patch' | 'rename' | 'tag' | 'delete'>;

/** The writes of a client, that can be taken back. */
export interface Undoable<Map = AnyKinds> extends Writes<Map> {
  /**
   * Takes back the newest write, or batch, by writes of its own, which are in the history as all are. What somebody else has
   * changed since stays. @returns false where there is none.
   */
  undo(): Promise<boolean>;
  /** Does again what was taken back last. @returns false where there is nothing, or something was written since. */
  redo(): Promise<boolean>;
  /** What is written until this is done is taken back as one. */
  batch<T>(work: () => T | Promise<T>): Promise<T>;
  /** How many can be taken back, and done again. */
  counts(): { readonly undo: number; readonly redo: number };
}

/** One atome, before a write and after it; null where it was not. */
interface Step {
  readonly id: string;
  readonly before: Atome | null;
  readonly after: Atome | null;
}

/** How many can be taken back. */
const KEPT = 100;

/**
 * Makes writes that can be taken back, of a client. What is written through the client itself, or in another tab, is not
 * among them. A deleted atome is back when the server has confirmed that.
 */
export function undoable<Map = AnyKinds>(client: Client<Map>): Undoable<Map> {
  const on = client as unknown as Client;
  const [done, undone]: [Step[][], Step[][]] = [[], []];
  let group: Step[] | undefined;
  /** One write after the other: what was before is what the one before has left. */
  let tail: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  }

  function keep(step: Step): void {
    undone.length = 0;
    if (group) return void group.push(step);
    done.push([step]);
    if (done.length > KEPT) done.shift();
  }

  const noted = (id: string | undefined, write: () => Promise<Written>): Promise<Written> =>
    inTurn(async () => {
      const before = id === undefined ? null : await on.get(id);
      const written = await write();
      keep({ id: written.id, before, after: await on.get(written.id) });
      return written;
    });

  const move = (from: Step[][], to: Step[][], lead: (step: Step) => Promise<void>, back: boolean): Promise<boolean> =>
    inTurn(async () => {
      const steps = from.pop();
      if (!steps) return false;
      for (const step of back ? [...steps].reverse() : steps) await lead(step);
      to.push(steps);
      return true;
    });

  const writes: Writes<AnyKinds> = {
    create: (atome, options) => noted(atome.id, () => on.create(atome, options)),
    update: (id, changes, options) => noted(id, () => on.update(id, changes, options)),
    replace: (id, parts, options) => noted(id, () => on.replace(id, parts, options)),
    patch: (id, changes, options) => noted(id, () => on.patch(id, changes, options)),
    rename: (id, name, options) => noted(id, () => on.rename(id, name, options)),
    tag: (id, tags, options) => noted(id, () => on.tag(id, tags, options)),
    delete: (id, options) => noted(id, () => on.delete(id, options)),
  };

  return {
    ...(writes as unknown as Writes<Map>),
    undo: () => move(done, undone, ({ id, before, after }) => lead(on, id, after, before), true),
    redo: () => move(undone, done, ({ id, before, after }) => lead(on, id, before, after), false),
    async batch(work) {
      const steps: Step[] = [];
      await tail;
      group = steps;
      try {
        return await work();
      } finally {
        await tail;
        group = undefined;
        if (steps.length > 0) done.push(steps);
        if (done.length > KEPT) done.shift();
      }
    },
    counts: () => ({ undo: done.length, redo: undone.length }),
  };
}

const PARTS = ['meta', 'kind', 'type', 'parentId'] as const;

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Leads an atome from one state to another, in what differs and nobody else has changed since. */
async function lead(client: Client, id: string, from: Atome | null, to: Atome | null): Promise<void> {
  const now = await client.get(id);
  if (!to) {
    if (now && from) await client.delete(id);
    return;
  }
  if (!from) {
    if (!now) await client.restore(id, to.version);
    return;
  }
  if (!now) return;
  const keys = Object.keys({ ...from.data, ...to.data }).filter(
    (key) => !isSame(from.data[key], to.data[key]) && isSame(now.data[key], from.data[key]),
  );
  const of = (wanted: string[], value: (key: string) => unknown): JsonObject =>
    Object.fromEntries(wanted.map((key) => [key, value(key)])) as JsonObject;
  const [kept, gone] = [keys.filter((key) => key in to.data), keys.filter((key) => !(key in to.data))];
  if (kept.length > 0)
    await client.update(
      id,
      of(kept, (key) => to.data[key]),
    );
  if (gone.length > 0)
    await client.patch(
      id,
      of(gone, () => null),
    );
  const parts = PARTS.filter((part) => !isSame(from[part], to[part]) && isSame(now[part], from[part]));
  if (parts.length > 0) await client.replace(id, Object.fromEntries(parts.map((part) => [part, to[part]])));
}
