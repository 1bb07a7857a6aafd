/** Who acts, out of the token. */
export interface Principal {
  readonly id: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  /** Groups that rights may name; left out for none. */
  readonly groups?: readonly string[];
}
