/** Which atomes a client holds. What leaves it leaves the store. */
export interface Subscription {
  readonly kinds?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
  /** null: those without a parent. */
  readonly parentId?: string | null | undefined;
}
