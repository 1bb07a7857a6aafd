/** Tokens of this window. They end with it. */
export interface Tokens {
  readonly accessToken: string;
  /** Of an account: what the next token is had for. */
  readonly refreshToken?: string;
  /** When the access token ends, in epoch milliseconds. */
  readonly expiresAt?: number;
}

/** The first is also that of the examples. */
const [TOKEN, MORE] = ['atome-sync token', 'atome-sync session'] as const;

export function keptTokens(): Tokens | undefined {
  const accessToken = sessionStorage.getItem(TOKEN);
  if (!accessToken) return undefined;
  return { accessToken, ...(JSON.parse(sessionStorage.getItem(MORE) ?? '{}') as object) };
}

export function keepTokens({ accessToken, ...more }: Tokens): void {
  sessionStorage.setItem(TOKEN, accessToken);
  sessionStorage.setItem(MORE, JSON.stringify(more));
}

export function clearTokens(): void {
  sessionStorage.removeItem(TOKEN);
  sessionStorage.removeItem(MORE);
}
