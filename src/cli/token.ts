import { parseArgs } from 'node:util';
import { SignJWT } from 'jose';
import { isRole, ROLES } from '../auth/authorization/roles.js';
import { ConfigError, EX_CONFIG, readConfig } from '../config/environment.js';

const HELP = `Prints a token for development, signed with AUTH_JWT_SECRET.

Usage: AUTH=jwt AUTH_JWT_SECRET=… npm run --silent token -- --sub alice --tenant acme --roles writer [--groups staff] [--minutes 60]

  --sub      id of the principal
  --tenant   its tenant (default: default)
  --roles    ${ROLES.join(', ')}; several with commas (default: writer)
  --groups   its groups; several with commas (default: none)
  --minutes  how long it is good (default: 60)
`;

const OPTIONS = {
  sub: { type: 'string' },
  tenant: { type: 'string', default: 'default' },
  roles: { type: 'string', default: 'writer' },
  groups: { type: 'string', default: '' },
  minutes: { type: 'string', default: '60' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Exit code for a call that is not understood. */
const EX_USAGE = 2;

class UsageError extends Error {}

interface TokenRequest {
  readonly sub: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly minutes: number;
}

/** What was asked for; undefined for help. @throws UsageError */
function readArguments(): TokenRequest | undefined {
  const { sub, tenant, help, ...values } = parse();
  if (help) return undefined;
  const roles = values.roles.split(',');
  const groups = values.groups === '' ? [] : values.groups.split(',');
  const minutes = Number(values.minutes);
  if (!sub) throw new UsageError('--sub: expected the id of a principal');
  if (!roles.every(isRole)) throw new UsageError(`--roles: expected some of ${ROLES.join(', ')}`);
  if (!(minutes > 0 && minutes <= 525_600)) throw new UsageError('--minutes: expected a number from 1 to 525600');
  return { sub, tenant, roles, groups, minutes };
}

function parse() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @throws ConfigError without a secret. */
function sign({ sub, tenant, roles, groups, minutes }: TokenRequest): Promise<string> {
  const { jwt } = readConfig().atome;
  if (!jwt || !('secret' in jwt.keys)) {
    throw new ConfigError(['AUTH=jwt and AUTH_JWT_SECRET: needed to sign a token']);
  }
  const token = new SignJWT({
    [jwt.tenantClaim]: tenant,
    [jwt.rolesClaim]: roles,
    ...(groups.length > 0 && { [jwt.groupsClaim ?? 'groups']: groups }),
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(`${minutes} minutes`);
  if (jwt.issuer !== undefined) token.setIssuer(jwt.issuer);
  if (jwt.audience !== undefined) token.setAudience(jwt.audience);
  return token.sign(new TextEncoder().encode(jwt.keys.secret));
}

async function main(): Promise<void> {
  const request = readArguments();
  process.stdout.write(request ? `${await sign(request)}\n` : HELP);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${HELP}`);
  process.exitCode = error instanceof UsageError ? EX_USAGE : error instanceof ConfigError ? EX_CONFIG : 1;
});
