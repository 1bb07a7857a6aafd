/** An answer of the server that is none of those one hopes for. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The folder of the page: the server may be mounted under a prefix that only the proxy knows. */
export const BASE = new URL('.', location.href).href.replace(/\/$/, '');

/** Gets a token; `renew` where the last one was refused. */
export type TokenOf = (request: { readonly renew: boolean }) => Promise<string | undefined>;

/** What the SDK has no call for. */
export interface Api {
  /** @throws Refusal, also where there is no answer. */
  readonly get: <T>(path: string, query?: Readonly<Record<string, string | number | undefined>>) => Promise<T>;
  /** @throws Refusal, also where there is no answer. */
  readonly send: <T>(method: 'POST' | 'DELETE', path: string, body?: object) => Promise<T>;
}

export function createApi(token: TokenOf): Api {
  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await attempt(method, path, body, await token({ renew: false }));
    if (answer.status !== 401) return read(answer);
    const next = await token({ renew: true });
    return read(next === undefined ? answer : await attempt(method, path, body, next));
  }
  return {
    get: (path, query = {}) => {
      const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
      const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
      return call('GET', search ? `${path}?${search}` : path);
    },
    send: (method, path, body) => call(method, path, body),
  };
}

/** One request, without a token unless there is one. @throws Refusal where there is no answer. */
export async function attempt(
  method: string,
  path: string,
  body?: object,
  token?: string,
): Promise<Response> {
  try {
    return await fetch(`${BASE}/${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Refusal('offline', 0, 'the server cannot be reached');
  }
}

/** What an answer holds. @throws Refusal for one that is none of those one hopes for. */
export async function read<T>(answer: Response): Promise<T> {
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return body as T;
  const { code = 'internal', detail, error } = (body ?? {}) as { code?: string; detail?: string; error?: string };
  throw new Refusal(code, answer.status, detail ?? error ?? `the server answered ${answer.status}`);
}
