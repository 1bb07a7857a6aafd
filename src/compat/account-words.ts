import { isObject, type JsonObject } from '../protocol/index.js';

const WORDS = new Set(['phone', 'username', 'email', 'password']);

/**
 * The body of a login or a registration of the original client, which knows its users by `phone` or `username`; undefined
 * for another one. Where both are there it is the phone.
 */
export function credentialsOf(body: unknown): JsonObject | undefined {
  if (!isObject(body) || !Object.keys(body).every((name) => WORDS.has(name))) return undefined;
  const { phone, username, email, password } = body;
  const identifier = given(phone) ? international(String(phone)) : given(username) ? username : email;
  if (typeof identifier !== 'string') return undefined;
  return { identifier, ...(typeof password === 'string' && { password }) };
}

const given = (value: unknown): boolean => (typeof value === 'string' && value !== '') || typeof value === 'number';

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
