/** Which pages, and which names of the server, are asked about; every default filled in. */
export interface OriginOptions {
  /** Origins of pages elsewhere that may ask, such as `https://app.example`; `*` for all. */
  readonly allowedOrigins: readonly string[];
  /** Names, without port, under which the server may be asked; `*` for all. */
  readonly allowedHosts: readonly string[];
  /** Whether the origin of a call is looked at. */
  readonly checksCalls: boolean;
  /** Whether that of a WebSocket's handshake is. */
  readonly checksHandshakes: boolean;
  /** Whether a browser's word counts that a request comes from a page elsewhere. */
  readonly checksSites: boolean;
  /** Whether a `POST` must have what no page elsewhere can send unasked. */
  readonly requireWriteHeader: boolean | 'browsers';
}

/** What an application can say about it; see `AtomeOptions`. */
export interface AskedOriginOptions {
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly checkOrigins?: boolean | undefined;
  readonly requireWriteHeader?: boolean | 'browsers' | undefined;
}

/** How it is found out who calls. */
export interface KnownCallers {
  /** By tokens alone, which no page elsewhere can have a browser send. */
  readonly hasTokens: boolean;
  /** By tokens or by the application: it does not count where a call comes from, and to which name. */
  readonly knowsCallers: boolean;
}

/** Names that no page elsewhere can have, so that none can pass for one of ours. */
export const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** As browsers write an origin: scheme, host, and port where it is not that of the scheme. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]+(?::\d+)?$|^[a-z]+:\/\/\[[0-9a-f:]+\](?::\d+)?$/;
/** As `Host` has it, without port. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/;

export function isOrigin(text: string): boolean {
  return ORIGIN.test(text);
}

/**
 * Without tokens everybody may do everything, so that only where a request comes from tells a friend from a page that
 * uses its visitor's browser; with them a page that has none can do nothing, and the host's own CORS decides. Where the
 * application says who calls, it may know that by a cookie, which browsers send for every page.
 * @throws Error that names the option that does not fit.
 */
export function originOptions(asked: AskedOriginOptions, { hasTokens, knowsCallers }: KnownCallers): OriginOptions {
  const { allowedOrigins = [], allowedHosts, checkOrigins, requireWriteHeader = !hasTokens } = asked;
  requireOrigins(allowedOrigins, hasTokens);
  if (allowedHosts) requireHosts(allowedHosts);
  if (checkOrigins === false && allowedOrigins.length > 0) {
    throw new Error('allowedOrigins: has no meaning beside checkOrigins: false; leave one of the two out');
  }
  return {
    allowedOrigins,
    allowedHosts: allowedHosts ?? (knowsCallers ? ['*'] : LOOPBACK_NAMES),
    checksCalls: checkOrigins ?? !hasTokens,
    checksHandshakes: checkOrigins ?? true,
    checksSites: !hasTokens && checkOrigins !== false,
    requireWriteHeader,
  };
}

function requireOrigins(origins: readonly string[], hasTokens: boolean): void {
  if (origins.includes('*') && !hasTokens) {
    throw new Error(
      'allowedOrigins: "*" needs jwt; without tokens every web page could do everything. Where the application itself knows who calls, say checkOrigins: false',
    );
  }
  const wrong = origins.find((origin) => origin !== '*' && !isOrigin(origin));
  if (wrong === undefined) return;
  throw new Error(
    `allowedOrigins: "${wrong}" is no origin; expected such as https://app.example, without a slash behind`,
  );
}

function requireHosts(hosts: readonly string[]): void {
  if (hosts.length === 0)
    throw new Error('allowedHosts: is empty, so that nobody could ask; leave it out, or name hosts');
  if (hosts.includes('*') && hosts.length > 1) {
    throw new Error('allowedHosts: "*" stands for all names; leave the others out, or "*"');
  }
  const wrong = hosts.find((host) => host !== '*' && !HOST.test(host));
  if (wrong === undefined) return;
  throw new Error(
    `allowedHosts: "${wrong}" is no name; expected such as app.example or [::1], in lower case, without scheme and port`,
  );
}
