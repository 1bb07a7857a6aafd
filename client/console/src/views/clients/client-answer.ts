/** One connection, as the server tells of it. */
export interface ConnectedClient {
  readonly clientId: string;
  readonly principal: { readonly id: string; readonly roles: readonly string[] };
  readonly connectedAt: string;
  readonly form: 'range' | 'plain' | null;
  readonly filter: Readonly<Record<string, unknown>>;
  /** What of groups and filter is too long to be told whole. */
  readonly cut?: readonly string[];
  readonly cursor: number | null;
  readonly lag: number;
  readonly unsentBytes: number;
  readonly frames: number;
}

/** What it reads, in a line. */
export function filterText({ filter, cut = [] }: ConnectedClient): string {
  const told = Object.keys(filter).length > 0 ? JSON.stringify(filter) : '';
  return cut.length > 0 ? `${told} … more in ${cut.join(', ')}`.trim() : told;
}
