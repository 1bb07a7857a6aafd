import type { Operation } from './operations.js';

/** What an operation is, for whoever goes by more than its changes. */
export interface OperationTraits {
  /** The right on the atome that it asks for; a `create` meets none. */
  readonly right: 'write' | 'share' | null;
  /**
   * What it writes: parts of the content whole, keys of `data` beside those that are there, keys of `meta`, or nothing that a
   * kind has rules for.
   */
  readonly writes: 'whole' | 'data' | 'meta' | 'nothing';
  /** Whether a deleted atome takes it; others are refused as `gone`. */
  readonly onDeleted: boolean;
  /** Whether it makes room, so that no quota refuses it. */
  readonly freesSpace: boolean;
}

/** The traits of each operation: a new one has to say what it is. */
export const OPERATION_TRAITS: Readonly<Record<Operation, OperationTraits>> = {
  create: { right: null, writes: 'whole', onDeleted: true, freesSpace: false },
  update: { right: 'write', writes: 'data', onDeleted: false, freesSpace: false },
  replace: { right: 'write', writes: 'whole', onDeleted: false, freesSpace: false },
  patch: { right: 'write', writes: 'data', onDeleted: false, freesSpace: false },
  rename: { right: 'write', writes: 'data', onDeleted: false, freesSpace: false },
  tag: { right: 'write', writes: 'meta', onDeleted: false, freesSpace: false },
  delete: { right: 'write', writes: 'nothing', onDeleted: true, freesSpace: true },
  restore: { right: 'write', writes: 'whole', onDeleted: true, freesSpace: false },
  share: { right: 'share', writes: 'nothing', onDeleted: false, freesSpace: false },
  redact: { right: 'share', writes: 'nothing', onDeleted: true, freesSpace: true },
};
