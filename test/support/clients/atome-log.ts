import {
  decide,
  DEFAULT_LIMITS,
  fold,
  type AtomeState,
  type Decision,
  type Foldable,
  type Hlc,
  type ReadyMutation,
} from '../../../src/protocol/index.js';

/** The alterations of one atome and the state that they lead to: a ledger without a database. */
export class AtomeLog {
  state: AtomeState | null = null;
  readonly alterations: Foldable[] = [];

  /** Decides a write and, when it takes effect, folds it in. Throws what `decide` throws. */
  write(mutation: ReadyMutation, hlc: Hlc): Decision {
    const decision = decide(this.state, mutation, hlc, DEFAULT_LIMITS);
    if (decision.outcome === 'applied') {
      const version = (this.state?.version ?? 0) + 1;
      const alteration: Foldable = {
        ...mutation,
        version,
        hlc,
        timestamp: new Date(version).toISOString(),
        author: 'somebody',
        superseded: decision.superseded,
      };
      this.alterations.push(alteration);
      this.state = fold(this.state, alteration);
    }
    return decision;
  }
}
