import type { Atome, JsonObject, JsonValue } from '../../src/protocol/index.js';
import { jsonCopy } from './offline/json-copy.js';
import { changeOf, type Setting } from './undo/change.js';
import { createSteps, type Step, type Undone } from './undo/steps.js';
import type { AnyKinds, Client, Written } from './index.js';

export type { Undone } from './undo/steps.js';

/** A client whose writes can be taken back. */
export interface Undoable<Map = AnyKinds> extends Client<Map> {
  /** Takes the last step back, by new writes; null where there is none. */
  undo(): Promise<Undone | null>;
  /** Does the last step again that was taken back; null where there is none, or something was written since. */
  redo(): Promise<Undone | null>;
  /** What is written through this client until `work` has settled is one step. @returns what `work` does. */
  group<T>(work: () => T | Promise<T>): Promise<T>;
  /** How many steps can be taken back, and how many can be done again. */
  steps(): { readonly undo: number; readonly redo: number };
}

/** What of a client is followed. */
type Followed = Pick<Client, 'create' | 'update' | 'replace' | 'patch' | 'rename' | 'tag' | 'delete'>;

/** Does a write whose parts are known, as part of a step. */
type Write = (id: string, setting: Setting, write: () => Promise<Written>) => Promise<Written>;

/**
 * A client that can take back what is written through it: `create`, `update`, `replace`, `patch`, `rename`, `tag` and
 * `delete`. To undo is to write the values that were there before, and only where what is there is still what was
 * written, so that it takes nothing away from others; what was left is told. Writes keep their order.
 * @param most how many steps are remembered.
 */
export function undoable<Map = AnyKinds>(client: Client<Map>, most = 100): Undoable<Map> {
  const on = client as unknown as Client;
  const steps = createSteps(on, most);
  let grouped: Step | undefined;
  /** What is under way: each goes behind those before it. */
  let line: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = line.then(work);
    line = done.catch(() => undefined);
    return done;
  }

  const follow: Write = (id, setting, write) => {
    const step = grouped ?? [];
    return inTurn(async () => {
      const change = await changeOf(await on.get(id), setting);
      const written = await write();
      if (change) steps.record(step, change);
      return written;
    });
  };

  async function create(given: Parameters<Client['create']>[0], write: typeof on.create): Promise<Written> {
    const { kind, data, type = null, meta = {}, parentId = null, ...rest } = jsonCopy(given);
    const step = grouped ?? [];
    const made = { kind, data, type, meta, parentId };
    return inTurn(async () => {
      // under the name of another one it is refused
      const isTaken = rest.id !== undefined && (await on.get(rest.id)) !== null;
      const written = await write({ ...rest, ...made });
      const { id } = written;
      if (!isTaken) steps.record(step, { id, before: null, after: { id, ...made } as unknown as Atome });
      return written;
    });
  }

  const undoing: Omit<Undoable, keyof Client> = {
    undo: () => inTurn(steps.undo),
    redo: () => inTurn(steps.redo),
    async group(work) {
      // one within another is part of it
      if (grouped) return work();
      grouped = [];
      try {
        return await work();
      } finally {
        grouped = undefined;
      }
    },
    steps: steps.count,
  };
  const followed: Followed = {
    ...writes(on, follow),
    create: (atome, options) => create(atome, (made) => on.create(made, options)),
  };
  return { ...on, ...followed, ...undoing } as unknown as Undoable<Map>;
}

/** The writes to what there is, followed; what they set is as it is at the call. */
function writes(on: Client, follow: Write): Omit<Followed, 'create'> {
  return {
    async update(id, given, options) {
      const changes = jsonCopy(given as JsonObject);
      return follow(id, { operation: 'update', changes }, () => on.update(id, changes, options));
    },
    async replace(id, given, options) {
      const parts = jsonCopy(given);
      const { type, ...rest } = parts;
      const setting = { ...rest, operation: 'replace', ...(type !== undefined && { atomeType: type }) };
      return follow(id, setting, () => on.replace(id, parts, options));
    },
    async patch(id, given, options) {
      const changes = jsonCopy(given);
      return follow(id, { operation: 'patch', changes: changes as JsonValue }, () => on.patch(id, changes, options));
    },
    async rename(id, name, options) {
      return follow(id, { operation: 'rename', changes: { name } }, () => on.rename(id, name, options));
    },
    async tag(id, given, options) {
      const tags = [...given];
      return follow(id, { operation: 'tag', changes: { tags } }, () => on.tag(id, tags, options));
    },
    async delete(id, options) {
      return follow(id, { operation: 'delete' }, () => on.delete(id, options));
    },
  };
}
