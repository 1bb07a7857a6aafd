import { SetMetadata } from '@nestjs/common';
import type { AtomeEvent } from '../protocol/index.js';

/** The events of one kind of change, and of all. */
export type AtomeEventName = 'created' | 'updated' | 'altered' | 'deleted' | '*';

/** An event with the tenant in whose ledger it is. */
export type TenantEvent = AtomeEvent & {
  /** Whose ledger it is in. */
  readonly tenant: string;
};

/** Where a method says which events it is told of. */
export const ON_ATOME = 'atome-sync:on-atome';

/**
 * Calls a method of a provider or controller after each commit of that kind by this process, with one event after the other
 * in order of `seq`: the next when what it returned has settled. What it throws is logged, and the next event is told all
 * the same. A class that is made for each request is made for each event, which it may inject as `REQUEST`.
 */
export const OnAtome = (name: AtomeEventName): MethodDecorator => SetMetadata(ON_ATOME, name);
