import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys';

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What one says of another, as NATS writes it down. */
function claim(by: KeyPair, about: KeyPair, nats: object): string {
  const [iss, sub] = [by.getPublicKey(), about.getPublicKey()];
  const text = `${encoded({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encoded({ jti: sub, iat: 0, iss, sub, name: sub, nats })}`;
  return `${text}.${Buffer.from(by.sign(Buffer.from(text))).toString('base64url')}`;
}

/** A `.creds` file, and what the configuration of a server needs to take its user. */
export function credentials(folder: string, name: string): { path: string; config: string } {
  const [operator, account, user] = [createOperator(), createAccount(), createUser()];
  const all = { subs: -1, data: -1, payload: -1 };
  const limits = { ...all, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const ofAccount = claim(operator, account, { type: 'account', version: 2, limits });
  const ofUser = claim(account, user, { type: 'user', version: 2, ...all, pub: {}, sub: {} });
  const path = join(folder, name);
  writeFileSync(
    path,
    `-----BEGIN NATS USER JWT-----\n${ofUser}\n------END NATS USER JWT------\n
-----BEGIN USER NKEY SEED-----\n${textOf(user.getSeed())}\n------END USER NKEY SEED------\n`,
  );
  const config = `operator: ${claim(operator, operator, { type: 'operator', version: 2 })}
    resolver: MEMORY
    resolver_preload: { ${account.getPublicKey()}: ${ofAccount} }`;
  return { path, config };
}

/** The seed of an NKey in a file, and its public key. */
export function nkey(folder: string, name: string): { path: string; publicKey: string } {
  const user = createUser();
  const path = join(folder, name);
  writeFileSync(path, textOf(user.getSeed()));
  return { path, publicKey: user.getPublicKey() };
}

/** An authority, and the certificate of a server on localhost that it has signed. */
export function certificates(folder: string, name: string): { ca: string; config: string } {
  const path = (ending: string): string => join(folder, `${name}.${ending}`);
  const run = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const made = ['-subj', `/CN=${name}`, '-days', '2'];
  run('req', '-x509', ...key, ...made, '-keyout', path('ca.key'), '-out', path('ca.pem'));
  run('req', ...key, '-subj', '/CN=bus', '-keyout', path('key'), '-out', path('csr'));
  writeFileSync(path('ext'), 'subjectAltName=DNS:localhost');
  const signed = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path('ext')];
  run('x509', '-req', '-in', path('csr'), '-days', '2', ...signed, '-out', path('pem'));
  return { ca: path('ca.pem'), config: `tls { cert_file: "${path('pem')}", key_file: "${path('key')}", timeout: 60 }` };
}
