import { generateKeyPairSync, sign } from 'node:crypto';
import { base64url, claims, forge, hmac, Issuer, type Claims } from '../support/server/issuer.js';
import { inSeconds } from '../support/server/tokens.js';

const stranger = Issuer.withKey('RS256', 'stranger');
const strangersSecret = Issuer.withSecret('the secret of somebody else, which is long enough');

/** Tokens that must not be taken, by what is wrong with them. `good` is whoever may sign. */
export function attacksOn(good: Issuer): Record<string, string> {
  return {
    ...withoutKey(good),
    ...withOwnKey(good),
    ...(good.publicKey ? withPublicKey(good) : {}),
    ...withOtherHeader(good),
    ...withOtherClaims(good),
    ...withOtherText(good),
  };
}

const nothing = () => Buffer.alloc(0);

/** The attacker signs with nothing at all. */
function withoutKey({ header, sign: good }: Issuer): Record<string, string> {
  const unsigned = (alg: string) => forge({ ...header, alg }, claims(), nothing);
  return {
    'alg none': unsigned('none'),
    'alg NONE': unsigned('NONE'),
    'alg nOnE': unsigned('nOnE'),
    'alg none with a signature': forge({ ...header, alg: 'none' }, claims(), good),
    'an empty signature': forge(header, claims(), nothing),
    'an empty secret': forge({ ...header, alg: 'HS256' }, claims(), hmac('')),
    'a zero byte as secret': forge({ ...header, alg: 'HS256' }, claims(), hmac(Buffer.alloc(1))),
    'zeros as signature': forge(header, claims(), () => Buffer.alloc(64)),
    'no alg': forge({ ...header, alg: undefined }, claims(), good),
    'an alg that is no text': forge({ ...header, alg: ['HS256'] }, claims(), good),
  };
}

/** The attacker signs with a key of their own, and says where it is to be found. */
function withOwnKey({ header: { kid } }: Issuer): Record<string, string> {
  const { jwk, pem } = stranger;
  const own = (header: Claims) => stranger.token({}, header);
  const der = pem.replace(/-----[^-]+-----|\n/g, '');
  const shared = (header: Claims) => strangersSecret.token({}, header);
  const ec = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
  const koblitz = { key: ec, dsaEncoding: 'ieee-p1363' } as const;
  return {
    'another key': own({ kid }),
    'another secret': shared({}),
    'jwk in the header': own({ jwk }),
    'jku in the header': own({ jku: 'http://127.0.0.1:1/keys', kid }),
    'x5u in the header': own({ x5u: 'http://127.0.0.1:1/cert.pem', kid }),
    'x5c in the header': own({ x5c: [der], kid }),
    'an unknown kid': own({ kid: 'nobody' }),
    'a kid that is a path': shared({ kid: '../../../../dev/null' }),
    'a kid that is SQL': shared({ kid: "' UNION SELECT 'key' -- " }),
    'a kid that is a command': shared({ kid: '| id' }),
    'a kid that is a list': own({ kid: [kid] }),
    'a kid that is an object': own({ kid: { toString: 'x' } }),
    'a kid out of the prototype': own({ kid: '__proto__' }),
    'another curve': forge({ alg: 'ES256K', kid }, claims(), (input) => sign('sha256', Buffer.from(input), koblitz)),
    'another curve that says ES256': forge({ alg: 'ES256', kid }, claims(), (input) =>
      sign('sha256', Buffer.from(input), koblitz),
    ),
  };
}

/** The attacker takes the public key for a shared secret. */
function withPublicKey({ pem, jwk, header: { kid } }: Issuer): Record<string, string> {
  const confused = (secret: string | Buffer, alg = 'HS256', hash = 'sha256') =>
    forge({ alg, typ: 'JWT', kid }, claims(), hmac(secret, hash));
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\n/g, ''), 'base64');
  return {
    'the public key as secret': confused(pem),
    'the public key without its last line break as secret': confused(pem.trim()),
    'the public key in binary as secret': confused(der),
    'the public key as JWK as secret': confused(JSON.stringify(jwk)),
    'the public key as secret of HS512': confused(pem, 'HS512', 'sha512'),
  };
}

/** Signed with the good key: what else the header says must not be. */
function withOtherHeader(good: Issuer): Record<string, string> {
  const { header } = good;
  const alg = String(header.alg);
  return {
    'an alg in small letters': good.token({}, { alg: alg.toLowerCase() }),
    'another alg than the key has': good.token({}, { alg: alg === 'RS256' ? 'PS256' : 'HS384' }),
    'the alg twice': forge(`{"alg":"none","alg":"${alg}","kid":"${String(header.kid)}"}`, claims(), good.sign),
    'an unknown critical extension': good.token({}, { crit: ['mine'], mine: true }),
    'an empty list of critical extensions': good.token({}, { crit: [] }),
    'a payload that is not base64url': good.token({}, { b64: false, crit: ['b64'] }),
    'an ID token': good.token({}, { typ: 'id+jwt' }),
    'a logout token': good.token({}, { typ: 'logout+jwt' }),
    'a security event': good.token({}, { typ: 'secevent+jwt' }),
    'a typ that is a number': good.token({}, { typ: 5 }),
    'a header that is a list': forge([header], claims(), good.sign),
    'a header that is not JSON': forge('{"alg":', claims(), good.sign),
  };
}

/** Signed with the good key: what it claims must not be. */
function withOtherClaims(good: Issuer): Record<string, string> {
  const doubled = JSON.stringify(claims()).slice(0, -1);
  return {
    'another issuer': good.token({ iss: 'https://evil.example' }),
    'no issuer': good.token({ iss: undefined }),
    'a list of issuers': good.token({ iss: [claims().iss] }),
    'another audience': good.token({ aud: 'billing' }),
    'no audience': good.token({ aud: undefined }),
    'exp missing': good.token({ exp: undefined }),
    'exp in the past': good.token({ exp: inSeconds(-60) }),
    'exp at the beginning': good.token({ exp: 0 }),
    'exp negative': good.token({ exp: -1 }),
    'exp beyond all time': good.token({ exp: 1e300 }),
    'exp beyond all numbers': forge(good.header, `${doubled.replace(/"exp":\d+/, '"exp":1e999')}}`, good.sign),
    'exp as text': good.token({ exp: String(inSeconds(600)) }),
    'exp not a number': good.token({ exp: NaN }),
    'nbf in the future': good.token({ nbf: inSeconds(60) }),
    'nbf as text': good.token({ nbf: '0' }),
    'iat in the future': good.token({ iat: inSeconds(60) }),
    'iat as text': good.token({ iat: 'now' }),
    'sub missing': good.token({ sub: undefined }),
    'sub empty': good.token({ sub: '' }),
    'sub too long': good.token({ sub: 'a'.repeat(129) }),
    'sub with a line break': good.token({ sub: 'alice\nadmin' }),
    'sub an object': good.token({ sub: { id: 'alice' } }),
    'sub for everybody': good.token({ sub: '*' }),
    'sub of a group': good.token({ sub: 'group:staff' }),
    'groups no list': good.token({ groups: { staff: true } }),
    'sub null': good.token({ sub: null }),
    'tenant missing': good.token({ tenant: undefined }),
    'tenant empty': good.token({ tenant: '' }),
    'tenant a list': good.token({ tenant: ['acme', 'other'] }),
    'tenant with a slash': good.token({ tenant: 'acme/../other' }),
    'roles missing': good.token({ roles: undefined }),
    'roles an object': good.token({ roles: { admin: true } }),
    'a claim twice': forge(good.header, `${doubled},"tenant":"other"}`, good.sign),
    'a claim twice, once escaped': forge(good.header, `${doubled},"t\\u0065nant":"other"}`, good.sign),
    'a payload that is a list': forge(good.header, [claims()], good.sign),
    'a payload that is not JSON': forge(good.header, 'alice', good.sign),
    '10 kB': good.token({ padding: 'x'.repeat(10_000) }),
  };
}

/** A good token that was touched. */
function withOtherText(good: Issuer): Record<string, string> {
  const token = good.token();
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const flipped = (text: string, at: number) => {
    const bytes = Buffer.from(text, 'base64url');
    bytes[at]! ^= 1;
    return bytes.toString('base64url');
  };
  const richer = base64url(JSON.stringify(claims({ roles: ['admin'] })));
  return {
    'nothing but dots': '..',
    'no dots': header,
    'two parts': `${header}.${payload}`,
    'a dot behind': `${token}.`,
    'dots behind': `${token}..`,
    'a dot before': `.${token}`,
    'a fourth part': `${token}.${signature}`,
    'white space within': `${header}. ${payload}.${signature}`,
    'a tab within the signature': `${header}.${payload}.${signature.slice(0, 9)}\t${signature.slice(9)}`,
    padding: `${token}==`,
    'the other base64': `${header}.${payload}.${signature.slice(0, -2)}+/`,
    'a truncated signature': token.slice(0, -4),
    'a flipped bit in the header': `${flipped(header, 3)}.${payload}.${signature}`,
    'a flipped bit in the payload': `${header}.${flipped(payload, 20)}.${signature}`,
    'a flipped bit in the signature': `${header}.${payload}.${flipped(signature, 0)}`,
    'more roles under the same signature': `${header}.${richer}.${signature}`,
    'an encrypted token': [base64url('{"alg":"dir","enc":"A128GCM"}'), '', 'aXY', 'Y2lwaGVy', 'dGFn'].join('.'),
    'JSON serialization': JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
  };
}
