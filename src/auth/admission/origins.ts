import { hostOf } from './host-header.js';
import type { IncomingHttpHeaders } from 'node:http';
import { JSON_PATCH, MERGE_PATCH } from '../../protocol/index.js';
import type { OriginOptions } from './origin-options.js';

/** What a request says about where it comes from, and under which name it reached the server. */
export interface OriginHeaders {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Why a request is refused. */
export interface Refusal {
  /** A fixed name, as in {@link OriginOptions}. */
  readonly cause: 'host' | 'origin' | 'site' | 'write';
  /** For the caller: what to do about it. */
  readonly message: string;
  /** What the request said. */
  readonly said: string | undefined;
}

/**
 * Which web pages may use the server. A browser sends whatever any page tells it to, from the machine and the network
 * of its user; only headers that no page can set itself tell whose page it was.
 */
export class OriginPolicy {
  private readonly origins: ReadonlySet<string>;
  private readonly hosts: ReadonlySet<string> | undefined;

  constructor(private readonly options: OriginOptions) {
    this.origins = new Set(options.allowedOrigins);
    this.hosts = options.allowedHosts.includes('*') ? undefined : new Set(options.allowedHosts);
  }

  /** Why a call is refused; undefined when it is not. */
  ofCall(request: OriginHeaders): Refusal | undefined {
    const { checksCalls, checksSites } = this.options;
    return (
      this.ofHost(request, 'required') ??
      (checksCalls ? this.ofOrigin(request) : undefined) ??
      (checksSites ? this.ofSite(request) : undefined) ??
      this.ofWrite(request)
    );
  }

  /** Why a WebSocket is refused. */
  ofHandshake(request: OriginHeaders): Refusal | undefined {
    const { checksHandshakes, checksSites } = this.options;
    return (
      this.ofHost(request, 'required') ??
      (checksHandshakes ? this.ofOrigin(request) : undefined) ??
      (checksSites ? this.ofSite(request) : undefined)
    );
  }

  /**
   * Why a page or a file that is the same for everybody is refused. A link from elsewhere may lead to it, and a health
   * check that speaks HTTP/1.0 names no host.
   */
  ofPage(request: OriginHeaders): Refusal | undefined {
    const { checksCalls, checksSites } = this.options;
    const isLink = request.headers['sec-fetch-mode'] === 'navigate';
    return (
      this.ofHost(request, 'optional') ??
      (checksCalls ? this.ofOrigin(request) : undefined) ??
      (checksSites && !isLink ? this.ofSite(request) : undefined)
    );
  }

  /** A page that was loaded under a name of its own, which now leads here, would count as ours (DNS rebinding). */
  private ofHost({ headers }: OriginHeaders, presence: 'required' | 'optional'): Refusal | undefined {
    const host = hostOf(headers);
    if (!this.hosts || (!host && presence === 'optional') || this.hosts.has(nameOf(host ?? ''))) return undefined;
    return {
      cause: 'host',
      message:
        'the server is not known by this name, which matters as long as authentication is off: use localhost, add the name to allowedHosts, or use AUTH=jwt',
      said: host,
    };
  }

  private ofOrigin({ headers }: OriginHeaders): Refusal | undefined {
    const { origin } = headers;
    if (origin === undefined || isSame(origin, hostOf(headers)) || this.origins.has(origin) || this.origins.has('*')) {
      return undefined;
    }
    return {
      cause: 'origin',
      message:
        'pages of this origin may not use the server; it can be added to ALLOWED_ORIGINS (allowedOrigins in an application)',
      said: origin,
    };
  }

  /** Browsers send no `Origin` with an image, a script or a link, but say whether it was a page of this origin. */
  private ofSite({ headers }: OriginHeaders): Refusal | undefined {
    const site = headers['sec-fetch-site'];
    // where an origin is named, that has been looked at
    if (site === undefined || site === 'same-origin' || site === 'none' || headers.origin !== undefined) {
      return undefined;
    }
    return {
      cause: 'site',
      message:
        'pages elsewhere may not use the server as long as authentication is off: open the address by itself, ask with CORS from an origin in ALLOWED_ORIGINS (allowedOrigins in an application), or use AUTH=jwt',
      said: site,
    };
  }

  /**
   * A page may have a form or a `POST` of plain text sent to anywhere, without being asked first. A JSON type, or a header
   * of those below, is sent to another origin only after a preflight; `PUT`, `PATCH` and `DELETE` always are.
   */
  private ofWrite({ method, headers }: OriginHeaders): Refusal | undefined {
    const { requireWriteHeader, checksCalls } = this.options;
    if (method !== 'POST' || requireWriteHeader === false) return undefined;
    const isJudged = checksCalls && headers.origin !== undefined;
    if (isJudged || isPreflighted(headers)) return undefined;
    if (requireWriteHeader === 'browsers' && !BROWSER.test(headers['user-agent'] ?? '')) return undefined;
    return {
      cause: 'write',
      message:
        'this write could come from a page elsewhere: send it with Content-Type: application/json, or with a header X-Client-Id, Idempotency-Key or X-Requested-With: XMLHttpRequest; an application can say requireWriteHeader: false',
      said: headers['content-type'],
    };
  }
}

/** How every browser begins to name itself; a page cannot have it send another name unasked. */
const BROWSER = /^(?:Mozilla|Opera)\//;
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', MERGE_PATCH, JSON_PATCH]);

/** Whether a browser would have asked (CORS) before it sent this to another origin. */
function isPreflighted(headers: IncomingHttpHeaders): boolean {
  const type = headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase();
  return (
    (type !== undefined && JSON_TYPES.has(type)) ||
    headers['x-client-id'] !== undefined ||
    headers['idempotency-key'] !== undefined ||
    // a web view names its application there
    headers['x-requested-with'] === 'XMLHttpRequest' ||
    // a browser adds Basic and Negotiate by itself
    /^Bearer /i.test(headers.authorization ?? '')
  );
}

/** A proxy may speak https for us, so that only host and port can be compared. */
function isSame(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}
