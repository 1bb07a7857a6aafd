import {
  equalJson,
  fold,
  type Atome,
  type AtomeState,
  type Content,
  type Change,
} from '../../../src/protocol/index.js';
import type { PendingWrite } from '../store/store.js';
import type { Outbox } from './outbox.js';
import { timeOf } from './write-clock.js';

/** One atome as it was shown and as it is; undefined where it is not. */
export interface Shown {
  readonly before: Atome | undefined;
  readonly after: Atome | undefined;
}

/** What is read: the confirmed atomes, with the pending writes folded over them. */
export class View {
  private readonly confirmed = new Map<string, Atome>();
  /** The atomes with pending writes as they are shown. */
  private readonly folded = new Map<string, Atome | undefined>();

  constructor(private readonly outbox: Outbox) {}

  get(id: string): Atome | undefined {
    return this.folded.has(id) ? this.folded.get(id) : this.confirmed.get(id);
  }

  *[Symbol.iterator](): Generator<Atome> {
    for (const [id, atome] of this.confirmed) if (!this.folded.has(id)) yield atome;
    for (const atome of this.folded.values()) if (atome) yield atome;
  }

  confirm(id: string, atome: Atome | undefined): void {
    if (atome) this.confirmed.set(id, atome);
    else this.confirmed.delete(id);
  }

  /** The ids of all confirmed atomes. */
  ids(): Iterable<string> {
    return this.confirmed.keys();
  }

  /** Folds the pending writes of an atome anew over what is confirmed of it. */
  fold(id: string): void {
    const writes = this.outbox.of(id);
    if (writes.length === 0) this.folded.delete(id);
    else this.folded.set(id, withPending(this.confirmed.get(id), writes));
  }
}

/** True when a reader sees no difference: version and times alone do not count. */
export function looksAlike(a: Atome, b: Atome): boolean {
  return (
    a === b ||
    (a.kind === b.kind &&
      a.type === b.type &&
      a.parentId === b.parentId &&
      a.deletedAt === b.deletedAt &&
      equalJson(a.data, b.data) &&
      equalJson(a.meta, b.meta) &&
      equalJson(accessOf(a), accessOf(b)))
  );
}

function accessOf(atome: Atome & { readonly access?: unknown }): unknown {
  return atome.access;
}

function withPending(confirmed: Atome | undefined, writes: readonly PendingWrite[]): Atome | undefined {
  let state: AtomeState | null = confirmed ? { ...confirmed, clocks: {} } : null;
  for (const write of writes) state = after(state, write);
  if (!state) return undefined;
  const { clocks: _clocks, ...atome } = state;
  return atome;
}

/** The state after one write, or as it was when the write does not fit: then the server will refuse it, and say why. */
function after(state: AtomeState | null, write: PendingWrite): AtomeState | null {
  const change = changeOf(write);
  const { opId, atomeId, operation, baseVersion } = write;
  if (!change || (state === null) !== (operation === 'create')) return state;
  if (state && (state.deletedAt !== null || (baseVersion ?? state.version) !== state.version)) return state;
  try {
    const version = (state?.version ?? 0) + 1;
    const timestamp = new Date(timeOf(opId)).toISOString();
    // without clocks no pending write is older than what it meets: who wins in the end, the server decides
    return {
      ...fold(state, { ...change, atomeId, version, hlc: '', timestamp, author: '', superseded: [] }),
      clocks: {},
    };
  } catch {
    return state;
  }
}

/** The write as the fold takes it; undefined for one whose effect only the server knows. */
function changeOf({ operation, changes, kind, atomeType, data, meta, parentId }: PendingWrite): Change | undefined {
  switch (operation) {
    case 'create':
      return {
        operation,
        changes: { kind, type: atomeType ?? null, data, meta: meta ?? {}, parentId: parentId ?? null } as Content,
      };
    case 'replace':
      return { operation, changes: { kind, type: atomeType, data, meta, parentId } };
    case 'delete':
      return { operation, changes: {} };
    case 'update':
    case 'patch':
    case 'rename':
    case 'tag':
      return { operation, changes } as Change;
    default:
      return undefined;
  }
}
