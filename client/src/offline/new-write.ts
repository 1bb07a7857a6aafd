import type { WriteOptions } from '../online/answers.js';
import type { PendingWrite } from '../storage/store.js';
import type { Written } from './api.js';

/** A write without a name; what is undefined is not said. */
export type NewWrite = Pick<PendingWrite, 'operation' | 'atomeId'> & {
  readonly [Part in keyof PendingWrite]?: PendingWrite[Part] | undefined;
};

/** Keeps one write. @param dismiss what leaves the inbox of rejected writes with it. */
export type Write = (fields: NewWrite, options?: WriteOptions, dismiss?: readonly string[]) => Promise<Written>;
