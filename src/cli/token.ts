import { SignJWT } from 'jose';
import { SECRET_ALGORITHM } from '../auth/authentication/algorithms.js';
import { isRole, ROLES, type Role } from '../auth/authorization/roles.js';
import { UsageError } from '../config/command-line.js';
import { ConfigError } from '../config/environment.js';
import type { JwtOptions } from '../auth/authentication/jwt.authenticator.js';
import { command } from './command.js';

interface TokenRequest {
  readonly sub: string;
  readonly tenant: string;
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  readonly minutes: number;
}

export default command({
  name: 'token',
  about: 'Prints a token for development, signed with AUTH_JWT_SECRET. Needs AUTH=jwt.',
  flags: {
    sub: { type: 'string', takes: '<id>', help: 'id of the principal' },
    tenant: { type: 'string', default: 'default', takes: '<name>', help: 'their tenant' },
    roles: { type: 'string', default: 'writer', takes: '<roles>', help: `${ROLES.join(', ')}; several with commas` },
    groups: { type: 'string', default: '', takes: '<groups>', help: 'their groups; several with commas' },
    minutes: { type: 'string', default: '60', takes: '<n>', help: 'how long it is good' },
  },
  settings: [
    'AUTH',
    'AUTH_JWT_SECRET',
    'AUTH_ISSUER',
    'AUTH_AUDIENCE',
    'AUTH_TENANT_CLAIM',
    'AUTH_ROLES_CLAIM',
    'AUTH_GROUPS_CLAIM',
  ],
  failure: 'it cannot be signed',

  async run({ values, config, print }) {
    const { sub, tenant } = values;
    const roles = values.roles.split(',');
    const groups = values.groups === '' ? [] : values.groups.split(',');
    const minutes = Number(values.minutes);
    if (!sub) throw new UsageError('--sub: expected the id of a principal');
    if (!roles.every(isRole)) throw new UsageError(`--roles: expected some of ${ROLES.join(', ')}`);
    if (!(minutes > 0 && minutes <= 525_600)) throw new UsageError('--minutes: expected a number from 1 to 525600');
    const token = await sign({ sub, tenant, roles, groups, minutes }, config().atome.jwt);
    print({ token }, token);
    return 0;
  },
});

/** @throws ConfigError without a secret. */
function sign({ sub, tenant, roles, groups, minutes }: TokenRequest, jwt: JwtOptions | undefined): Promise<string> {
  if (!jwt || !('secret' in jwt.keys)) {
    throw new ConfigError(['AUTH=jwt and AUTH_JWT_SECRET: needed to sign a token']);
  }
  const token = new SignJWT({
    [jwt.tenantClaim]: tenant,
    [jwt.rolesClaim]: roles,
    ...(groups.length > 0 && { [jwt.groupsClaim ?? 'groups']: groups }),
  })
    .setProtectedHeader({ alg: SECRET_ALGORITHM, typ: 'JWT' })
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(`${minutes} minutes`);
  if (jwt.issuer !== undefined) token.setIssuer(jwt.issuer);
  if (jwt.audience !== undefined) token.setAudience(jwt.audience);
  return token.sign(new TextEncoder().encode(jwt.keys.secret));
}
