/** An answer with its body decoded: JSON where it is JSON, text otherwise. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // what a test expects of it is the test's business
  readonly body: Record<string, unknown>;
  readonly text: string;
}

type Headed = Readonly<Record<string, string>>;

/** REST calls as a user makes them. */
export class Api {
  /** @param always headers of every call. */
  constructor(
    readonly url: string,
    private readonly always: Headed = {},
  ) {}

  /** The same calls with a token. */
  as(token: string): Api {
    return new Api(this.url, bearer(token));
  }

  get(path: string, headers: Headed = {}): Promise<Answer> {
    return this.call('GET', path, undefined, headers);
  }

  post(path: string, body?: unknown, headers: Headed = {}): Promise<Answer> {
    return this.call('POST', path, body, headers);
  }

  put(path: string, body: unknown, headers: Headed = {}): Promise<Answer> {
    return this.call('PUT', path, body, headers);
  }

  patch(
    path: string,
    body: unknown,
    contentType = 'application/merge-patch+json',
    headers: Headed = {},
  ): Promise<Answer> {
    return this.call('PATCH', path, body, { 'content-type': contentType, ...headers });
  }

  delete(path: string, body?: unknown, headers: Headed = {}): Promise<Answer> {
    return this.call('DELETE', path, body, headers);
  }

  /** Creates a note and returns what the server says of it. */
  async create(
    data: Record<string, unknown> = { title: 'My Note' },
    more: Record<string, unknown> = {},
  ): Promise<Answer['body']> {
    const { status, body } = await this.post('/api/atome/create', { kind: 'note', data, ...more });
    if (status !== 201) throw new Error(`create was answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** A call with a body as given: text and bytes are sent as they are, anything else as JSON. */
  async call(method: string, path: string, body: unknown, headers: Headed = {}): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...this.always, ...headers },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const isJson = type.includes('json') && !type.includes('ndjson');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? (JSON.parse(text) as Answer['body']) : {},
      text,
    };
  }
}

/** The header that carries a token. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}
