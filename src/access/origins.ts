/** What a request says about where it comes from, and under which name it reached the server. */
export interface Provenance {
  /** Browsers name the origin of the page that asks; others send none. */
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
}

export interface OriginOptions {
  /** Origins of pages elsewhere that may ask, such as `https://app.example`; `*` for all. */
  readonly allowedOrigins: readonly string[];
  /** Names, without port, under which the server may be asked; undefined for all. */
  readonly allowedHosts?: readonly string[] | undefined;
}

/**
 * Which web pages may use the server. A browser sends whatever any page tells it to, from the machine and the network
 * of its user; only `Origin` and `Host` tell whose page it was.
 */
export class Origins {
  private readonly origins: ReadonlySet<string>;
  private readonly hosts: ReadonlySet<string> | undefined;

  constructor({ allowedOrigins, allowedHosts }: OriginOptions) {
    this.origins = new Set(allowedOrigins);
    this.hosts = allowedHosts && new Set(allowedHosts);
  }

  /** Why a request is refused; undefined when it is not. */
  refusal({ origin, host }: Provenance): string | undefined {
    // a page that was loaded under a name of its own, which now leads here, would count as ours (DNS rebinding)
    if (host !== undefined && this.hosts?.has(nameOf(host)) === false) {
      return 'the server is not known by this name, which matters as long as authentication is off: use localhost, or AUTH=jwt';
    }
    if (origin === undefined || isSame(origin, host) || this.origins.has(origin) || this.origins.has('*')) {
      return undefined;
    }
    return 'pages of this origin may not use the server; it can be added to ALLOWED_ORIGINS';
  }
}

/** A proxy may speak https for us, so that only host and port can be compared. */
function isSame(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}
