/** One connection, as the server tells of it. */
export interface ConnectedClient {
  readonly clientId: string;
  readonly principal: { readonly id: string; readonly roles: readonly string[] };
  readonly connectedAt: string;
  readonly form: 'range' | 'plain' | null;
  readonly filter: Readonly<Record<string, unknown>>;
  readonly cursor: number | null;
  readonly lag: number;
  readonly unsentBytes: number;
  readonly frames: number;
}
