import type { AlterationBody, AtomeState, Change } from '../../protocol/index.js';
import type { Provenance, Stamp } from '../new-alteration.js';

/** A change that another ledger has decided: it is written as it is. Of a `redact`, what stays is found here. */
export type AdoptedChange = Change & Omit<Provenance, 'sourceClient'> & Stamp;

/**
 * What brings an atome to what another ledger makes of it. Asked under the lock of the tenant.
 * @param state null where there is none.
 * @param unheard alterations of the atome in the same group, which nobody has been told of.
 */
export type Adopt = (state: AtomeState | null, unheard: readonly AlterationBody[]) => readonly AdoptedChange[];
