/** Who acts, out of the token. */
export interface Principal {
  /** `sub` of the token, or the id of an account; becomes `author` and `ownerId`. */
  readonly id: string;
  /** Whose ledger it is. */
  readonly tenant: string;
  /** Such as `reader`, `writer` and `admin`; others count for nothing. */
  readonly roles: readonly string[];
  /** Groups that rights may name; left out for none. */
  readonly groups?: readonly string[];
}
