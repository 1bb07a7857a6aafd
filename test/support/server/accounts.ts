import { SECRET } from './tokens.js';
import type { Answer, Api } from '../clients/api.js';
import { AUDIENCE, ISSUER } from './issuer.js';

/** Environment of a server with accounts of its own. */
export const WITH_ACCOUNTS = {
  AUTH: 'jwt',
  AUTH_JWT_SECRET: SECRET,
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
  ACCOUNTS: 'on',
};

export const PASSWORD = 'correct horse battery staple';

/** What a login is answered. */
export interface Tokens {
  readonly account: { readonly id: string; readonly identifier: string };
  readonly accessToken: string;
  readonly refreshToken: string;
}

export function login(api: Api, identifier = 'alice', password = PASSWORD): Promise<Answer> {
  return api.post('/api/auth/login', { identifier, password });
}

/** The tokens of an answer that must have some. */
export function tokensOf({ status, text, body }: Answer): Tokens {
  if (status >= 300) throw new Error(`the answer was ${status}: ${text}`);
  return body as unknown as Tokens;
}

export async function register(api: Api, identifier = 'alice', password = PASSWORD): Promise<Tokens> {
  return tokensOf(await api.post('/api/auth/register', { identifier, password }));
}

export async function refresh(api: Api, { refreshToken }: Pick<Tokens, 'refreshToken'>): Promise<Answer> {
  return api.post('/api/auth/refresh', { refreshToken });
}
