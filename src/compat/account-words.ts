import { isObject, type JsonObject } from '../protocol/index.js';

/** How the original client calls an identifier; the first that is given counts. */
const IDENTIFIERS = ['phone', 'username', 'email'] as const;
const WORDS: ReadonlySet<string> = new Set([...IDENTIFIERS, 'password']);

/** A login or a registration of the original client. */
export interface SpokenCredentials {
  /** In the words of this server. */
  readonly body: JsonObject;
  /** How it has called its identifier. */
  readonly name: (typeof IDENTIFIERS)[number];
}

/** @returns undefined for a body that is not the original client's. */
export function credentialsOf(body: unknown): SpokenCredentials | undefined {
  if (!isObject(body) || !Object.keys(body).every((name) => WORDS.has(name))) return undefined;
  const name = IDENTIFIERS.find((each) => isGiven(body[each])) ?? IDENTIFIERS.find((each) => each in body);
  if (name === undefined) return undefined;
  const { [name]: value, password } = body;
  const identifier = name === 'phone' ? international(String(value)) : (value as string);
  return { name, body: { identifier, ...(typeof password === 'string' && { password }) } };
}

function isGiven(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'number';
}

/** The original client writes a number with its country, and without the `+`. */
function international(phone: string): string {
  const trimmed = phone.trim();
  return /^[1-9]/.test(trimmed) ? `+${trimmed}` : trimmed;
}

/** The answer to such a login, where the original client looks for the token and the user. */
export function answerOf(payload: unknown): unknown {
  if (!isObject(payload) || typeof payload.accessToken !== 'string' || !isObject(payload.account)) return payload;
  const { id, identifier } = payload.account;
  return { ...payload, token: payload.accessToken, user: { id, user_id: id, username: identifier } };
}

/** The answer to who one is, with the user as the original client looks for it. */
export function withUser(payload: unknown): unknown {
  if (!isObject(payload) || !isObject(payload.principal)) return payload;
  const { id } = payload.principal;
  const username = isObject(payload.account) ? payload.account.identifier : id;
  return { ...payload, user: { id, user_id: id, username } };
}
