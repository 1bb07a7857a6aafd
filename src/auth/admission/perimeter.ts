import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AtomeError } from '../../protocol/index.js';
import { hostRefusal, type HostClaims } from './host-header.js';
import type { OriginHeaders, OriginPolicy, Refusal } from './origins.js';

/** What a request says about where it comes from, and where it wants to go. */
type Arrival = OriginHeaders & HostClaims;

/** Told of each refusal: its cause, one of a few, and a line for whoever runs the server. */
export type OnRefused = (cause: string, line: string) => void;

/** Keeps out what pages elsewhere send, before anything else is known of a request. */
export class Perimeter {
  private standsAround = false;

  constructor(
    private readonly originPolicy: OriginPolicy,
    private readonly onRefused: OnRefused,
  ) {}

  /**
   * Stands before every route of a server; without it, it stands before those of the module only.
   * @param isCall tells these from pages and files.
   */
  standAround(fastify: FastifyInstance, isCall: (request: FastifyRequest) => boolean): void {
    this.standsAround = true;
    fastify.addHook('onRequest', (request, _reply, done) => {
      const { raw } = request;
      done(this.told(isCall(request) ? this.originPolicy.ofCall(raw) : this.originPolicy.ofPage(raw)));
    });
  }

  /** Why a call of the module is refused; undefined when it is not, or was asked about already. */
  refusalOfCall(request: Arrival): AtomeError | undefined {
    if (this.standsAround) return undefined;
    return hostRefusal(request) ?? this.told(this.originPolicy.ofCall(request));
  }

  /** Why a WebSocket is refused. */
  refusalOfHandshake(request: OriginHeaders): AtomeError | undefined {
    return this.told(this.originPolicy.ofHandshake(request));
  }

  private told(refusal: Refusal | undefined): AtomeError | undefined {
    if (!refusal) return undefined;
    const { cause, message, said } = refusal;
    // what a request says is quoted in part, and can end no line
    this.onRefused(cause, `refused: ${message} (${HEADER[cause]}: ${JSON.stringify((said ?? '').slice(0, 200))})`);
    return new AtomeError('forbidden', message);
  }
}

const HEADER: Readonly<Record<Refusal['cause'], string>> = {
  host: 'Host',
  origin: 'Origin',
  site: 'Sec-Fetch-Site',
  write: 'Content-Type',
};
