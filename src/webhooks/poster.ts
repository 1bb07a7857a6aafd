import { Resolver } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.js';

export interface PosterOptions {
  /** Whether addresses of private networks, and `http:`, are let pass. */
  readonly allowPrivate: boolean;
  /** How long an answer may take, in milliseconds, with all that is before it. */
  readonly timeoutMs: number;
}

/** What a receiver has answered. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** What knows of addresses. */
export interface PosterParts {
  /** The addresses of a name. */
  readonly resolve: (host: string) => Promise<LookupAddress[]>;
  readonly isPublic: (address: string) => boolean;
}

/** How much is read of an answer, of which nothing is kept, in bytes. */
const MOST_ANSWER_BYTES = 64 * 1024;
const MOST_URL_CHARS = 2_048;

const NOT_PUBLIC =
  'the address of the receiver is not on the public internet: the setting WEBHOOKS_ALLOW_PRIVATE lets it pass';

/** Sends to addresses that somebody else has named, and to none inside. */
export class Poster {
  private readonly parts: PosterParts;

  constructor(
    private readonly options: PosterOptions,
    { resolve = addressesOf, isPublic = isPublicAddress }: Partial<PosterParts> = {},
  ) {
    this.parts = { resolve, isPublic };
  }

  /** @returns what is wrong with an address of a receiver; undefined: nothing that can be told before it is resolved. */
  problemOf(text: string): string | undefined {
    if (text.length > MOST_URL_CHARS) return `has more than ${MOST_URL_CHARS} characters`;
    if (!URL.canParse(text)) return 'is no URL, such as https://receiver.example/hook';
    const { protocol, username, password, hostname, hash } = new URL(text);
    const { allowPrivate } = this.options;
    if (protocol !== 'https:' && !(allowPrivate && protocol === 'http:')) return 'must begin with https://';
    if (username !== '' || password !== '') return 'must be without user and password: what is sent is signed';
    if (hash !== '') return 'must be without a fragment';
    // other forms of an address are written as this one by now: decimal, octal, hexadecimal
    const literal = hostname.replace(/^\[|\]$/g, '');
    return isIP(literal) > 0 && !this.mayReach(literal) ? `leads inside: ${NOT_PUBLIC}` : undefined;
  }

  /** @throws Error by rejecting, where there is no answer. */
  post(url: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Answer> {
    const problem = this.problemOf(url);
    if (problem !== undefined) return Promise.reject(new Error(`the URL ${problem}`));
    const { timeoutMs, allowPrivate } = this.options;
    const late = AbortSignal.timeout(timeoutMs);
    const options: RequestOptions = {
      method: 'POST',
      // no connection is kept: a receiver may close one just when it is used again, which would count as its failure
      agent: false,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.any([signal, late]),
      // what is connected to is what was checked, so that no second answer of the name's server can be another
      ...(!allowPrivate && { lookup: this.lookup }),
    };
    const request = url.startsWith('https:') ? httpsRequest(url, options) : httpRequest(url, options);
    const answered = answerOf(request, () => late.aborted && `there was no answer within ${timeoutMs} ms`);
    request.end(body);
    return answered;
  }

  private mayReach(address: string): boolean {
    return this.options.allowPrivate || this.parts.isPublic(address);
  }

  private readonly lookup: NonNullable<RequestOptions['lookup']> = (host, { all }, callback) => {
    const done = (error: Error | null, addresses: LookupAddress[]): void => {
      const { address = '', family = 0 } = addresses[0] ?? {};
      if (all) callback(error, addresses);
      else callback(error, address, family);
    };
    this.parts.resolve(host).then(
      (addresses) => {
        if (addresses.length === 0) return done(new Error(`there is no address of ${host}`), []);
        // neither the address nor whether it answers is anybody's business outside
        const isGood = addresses.every(({ address }) => this.mayReach(address));
        return isGood ? done(null, addresses) : done(new Error(NOT_PUBLIC), []);
      },
      (error: unknown) => done(error as Error, []),
    );
  };
}

/** The status is the answer; how its body goes on changes nothing of it, and a redirection is followed by nobody. */
function answerOf(request: ClientRequest, late: () => string | false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined;
    const end = (error: Error): void => {
      const reason = late();
      if (answer) resolve(answer);
      else reject(reason === false ? error : new Error(reason));
    };
    request.on('error', end);
    request.on('close', () => end(new Error('the connection was closed without an answer')));
    request.on('response', (response) => {
      answer = { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] };
      let left = MOST_ANSWER_BYTES;
      response.on('error', end);
      response.on('data', (chunk: Buffer) => {
        left -= chunk.length;
        if (left < 0) request.destroy();
      });
    });
  });
}

/** Asks the servers of names alone, beside the threads that files need: a slow one holds up nothing but this. */
async function addressesOf(host: string): Promise<LookupAddress[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = [
    ...(four.status === 'fulfilled' ? four.value : []).map((address) => ({ address, family: 4 })),
    ...(six.status === 'fulfilled' ? six.value : []).map((address) => ({ address, family: 6 })),
  ];
  if (found.length === 0 && four.status === 'rejected') throw four.reason;
  return found;
}
