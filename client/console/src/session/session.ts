import { attempt, createApi, read, Refusal, type Api, type TokenOf } from '../data/api.js';
import { claimsOf, type Who } from './claims.js';
import { clearTokens, keptTokens, keepTokens, type Tokens } from './kept-tokens.js';

/** What a server says of itself, as far as it is shown. */
export interface ServerInfo {
  readonly version: string;
  readonly protocol: number;
  readonly authRequired: boolean;
  /** Whether the server keeps accounts of its own. */
  readonly accounts?: boolean;
  readonly epoch?: string;
  readonly seq?: number;
  readonly connectedClients?: number;
  readonly limits: Readonly<Record<string, number>>;
}

/** As whom the console works, and with which server. */
export interface Session {
  readonly server: ServerInfo;
  readonly who: Who;
  readonly api: Api;
  readonly token: TokenOf;
}

/** What comes of the start: a session, or what is asked for. */
export type Start = { readonly session: Session } | { readonly ask: ServerInfo; readonly why?: string };

const ANYBODY: Who = { id: 'anonymous', tenant: 'default', roles: ['admin'] };

/** Tokens may be renewed this long before they end, in milliseconds. */
const EARLY_MS = 20_000;

/** Begins with the tokens of this window, where the server asks for some. @throws Refusal where it cannot be reached. */
export async function begin(): Promise<Start> {
  const server = await read<ServerInfo>(await attempt('GET', 'api/server-info'));
  if (!server.authRequired) return { session: sessionOf(server, ANYBODY) };
  if (!keptTokens()) return { ask: server };
  const token = tokenOf();
  const api = createApi(token);
  try {
    const known = await api.get<ServerInfo>('api/server-info');
    if (known.epoch === undefined) throw new Refusal('unauthenticated', 401, 'the token is not taken');
    const kept = keptTokens();
    const who = known.accounts ? await whoIs(api) : claimsOf(kept?.accessToken ?? '');
    return { session: { server: known, who, api, token } };
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'unauthenticated') throw error;
    clearTokens();
    return { ask: server, why: error.message };
  }
}

function sessionOf(server: ServerInfo, who: Who): Session {
  const token: TokenOf = () => Promise.resolve(undefined);
  return { server, who, api: createApi(token), token };
}

async function whoIs(api: Api): Promise<Who> {
  const { principal, account } = await api.get<{ principal: Who; account: { identifier: string } | null }>(
    'api/auth/me',
  );
  return { ...principal, ...(account && { name: account.identifier }) };
}

/** The token of this window. One of an account is renewed before it ends, and where it was refused. */
function tokenOf(): TokenOf {
  let renewing: Promise<string | undefined> | undefined;
  return async ({ renew }) => {
    const kept = keptTokens();
    if (!kept?.refreshToken) return renew ? undefined : kept?.accessToken;
    if (!renew && (kept.expiresAt ?? Infinity) - Date.now() > EARLY_MS) return kept.accessToken;
    renewing ??= renewed(kept.refreshToken).finally(() => (renewing = undefined));
    return renewing;
  };
}

async function renewed(refreshToken: string): Promise<string | undefined> {
  try {
    const tokens = await read<AccountTokens>(await attempt('POST', 'api/auth/refresh', { refreshToken }));
    keep(tokens);
    return tokens.accessToken;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'unauthenticated') throw error;
    clearTokens();
    return undefined;
  }
}

interface AccountTokens {
  readonly accessToken: string;
  readonly accessTokenExpiresAt: string;
  readonly refreshToken: string;
}

function keep({ accessToken, accessTokenExpiresAt, refreshToken }: AccountTokens): void {
  keepTokens({ accessToken, refreshToken, expiresAt: Date.parse(accessTokenExpiresAt) });
}

/** Signs in to an account, or makes it first. @throws Refusal */
export async function signIn(
  how: 'login' | 'register',
  account: { readonly identifier: string; readonly password: string },
): Promise<void> {
  keep(await read<AccountTokens>(await attempt('POST', `api/auth/${how}`, account)));
}

/** Takes a token of somebody else's making. */
export function useToken(accessToken: string): void {
  keepTokens({ accessToken });
}

/** Forgets who it was, here and, of an account, at the server; the page begins anew. */
export async function signOut({ api }: Pick<Session, 'api'>): Promise<void> {
  const kept: Tokens | undefined = keptTokens();
  if (kept?.refreshToken) {
    await api.send('POST', 'api/auth/logout', { refreshToken: kept.refreshToken }).catch(() => undefined);
  }
  clearTokens();
  location.reload();
}
