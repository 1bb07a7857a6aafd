import { SetMetadata } from '@nestjs/common';
import type { ConsumerOptions } from '../consumers/consumer-options.js';

export type { TenantEvent } from '../consumers/consumer-options.js';

/** The events of one kind of change, and of all. */
export type AtomeEventName = 'created' | 'updated' | 'altered' | 'deleted' | '*';

/** Where a method says which events it is told of. */
export const ON_ATOME = 'atome-sync:on-atome';

/**
 * Calls a method of a provider or controller after each commit of that kind by this process, with one event after the other
 * in order of `seq`: the next when what it returned has settled. What it throws is logged, and the next event is told all
 * the same. A class that is made for each request is made for each event, which it may inject as `REQUEST`.
 *
 * With a `consumer` it is durable: all that is committed, by whichever process, since where it stopped; at least once, by one
 * process at a time, in order for each tenant. What it throws makes it be told again. Its second argument is the `Delivery`.
 */
export const OnAtome = (what: AtomeEventName | ConsumerOptions): MethodDecorator => SetMetadata(ON_ATOME, what);
