import { backoffMs, type Backoff } from '../connection/backoff.js';
import { toError } from '../core/errors.js';
import type { Fetch } from '../core/options.js';
import { failed, failure, failureOf, isRetryable, type Failure, type Result } from './result.js';

/** What calls are made with. */
export interface HttpParts {
  readonly fetch: Fetch | undefined;
  readonly random: () => number;
  /** Deadline of one request, in milliseconds. */
  readonly requestMs: number;
  /** How a write whose answer was lost is repeated. */
  readonly repeat: Backoff;
}

/** Who calls. */
export interface HttpPort {
  /** Base URL, without a slash at its end. */
  api(): string;
  /** False when asking for a token again cannot give another one. */
  renewable(): boolean;
  /** @param renew the last one was refused. */
  token(renew: boolean): Promise<string | undefined>;
  /** Name of the caller's WebSocket, while it is connected. */
  clientId(): string | null;
}

/** One REST call. */
export interface Call {
  readonly method: string;
  /** Below the base. */
  readonly path: string;
  readonly query?: object | undefined;
  readonly body?: object | undefined;
  /** Name of a write. A call that has one is repeated under it when its answer was lost. */
  readonly opId?: string;
  /** Refuse unless the atome is at this version. */
  readonly baseVersion?: number | undefined;
}

interface Answer<T> {
  readonly result: Result<T>;
  /** How long the server asks to wait before the same again, in milliseconds. */
  readonly floorMs: number;
}

/** Makes REST calls. Never throws for what a server or a network can do. */
export class Http {
  constructor(
    private readonly parts: HttpParts,
    private readonly port: HttpPort,
  ) {}

  async call<T extends object>(call: Call): Promise<Result<T>> {
    const { repeat, random } = this.parts;
    const attempts = call.opId ? repeat.attempts : 0;
    // once: a repetition is the same, whatever has become of what the caller gave
    const body = call.body && JSON.stringify(call.body);
    for (let attempt = 0, renew = false; ; attempt += 1) {
      const { result, floorMs } = await this.once<T>(call, body, renew);
      if (result.success) return result;
      if (result.code === 'unauthenticated' && this.port.renewable() && !renew) {
        renew = true;
        continue;
      }
      if (!isRetryable(result) || attempt >= attempts || floorMs > repeat.maxMs) return result;
      await this.pause(backoffMs(attempt, repeat, random(), floorMs));
    }
  }

  private async once<T>(call: Call, body: string | undefined, renew: boolean): Promise<Answer<T>> {
    let token: string | undefined;
    try {
      token = await this.port.token(renew);
    } catch (thrown) {
      return unanswered(failure('unauthenticated', `no token: ${toError(thrown).message}`));
    }
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.parts.requestMs);
    try {
      const { fetch = globalThis.fetch } = this.parts;
      const response = await fetch(this.url(call), {
        method: call.method,
        headers: this.headers(call, token),
        signal: deadline.signal,
        ...(body && { body }),
      });
      const floorMs = Number(response.headers.get('retry-after')) * 1_000 || 0;
      return { result: resultOf<T>(response.status, await response.text()), floorMs };
    } catch (thrown) {
      const { aborted } = deadline.signal;
      return unanswered(
        aborted
          ? failure('timeout', `no answer from ${this.port.api()} in ${this.parts.requestMs} ms`)
          : failure('offline', `no connection to ${this.port.api()}: ${toError(thrown).message}`),
      );
    } finally {
      clearTimeout(timer);
    }
  }

  private url({ path, query = {} }: Call): string {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    const search = new URLSearchParams(given.map(([name, value]) => [name, textOf(value)])).toString();
    return this.port.api() + path + (search && `?${search}`);
  }

  private headers({ body, opId, baseVersion }: Call, token: string | undefined): Record<string, string> {
    const clientId = this.port.clientId();
    return {
      accept: 'application/json',
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...(opId && { 'idempotency-key': opId }),
      ...(opId && clientId && { 'x-client-id': clientId }),
      ...(baseVersion !== undefined && { 'if-match': `"v${baseVersion}"` }),
    };
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, ms));
  }
}

function unanswered<T>(failure: Failure): Answer<T> {
  return { result: failed(failure), floorMs: 0 };
}

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return value instanceof Object ? JSON.stringify(value) : String(value);
}

function resultOf<T>(status: number, text: string): Result<T> {
  const body = decode(text);
  if (status < 300 && body.success === true) return body as Result<T>;
  if (status < 400) return failed(failure('internal', 'the answer is not that of an atome-sync server', { status }));
  return failed(failureOf(status, body));
}

/** Nothing where it is no object. */
function decode(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return (typeof body === 'object' ? Object(body) : {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
