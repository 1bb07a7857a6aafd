import { ConfigError, EX_CONFIG, readConfig } from '../config/environment.js';
import { openStore } from '../ledger/stores/open-store.js';
import { verifyLedger, type VerifyResult } from '../ledger/integrity/verify-ledger.js';

const HELP = `Walks the hash chain of every ledger in DATABASE_URL and compares each atome with its history.

Usage: npm run ledger:verify

Exit code 0: all is as it was written. 1: it is not; the first bad row is named.
`;

async function main(): Promise<number> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  const { databaseUrl, databaseSchema: schema } = readConfig().atome;
  const store = await openStore(databaseUrl, { schema });
  try {
    let sound = true;
    for (const tenant of await store.tenants()) {
      const result = await verifyLedger(store.ledger(tenant), progress(tenant));
      process.stdout.write(`${sentence(result)}\n`);
      sound &&= result.fault === undefined;
    }
    return sound ? 0 : 1;
  } finally {
    await store.close();
  }
}

/** Says how far it is, where somebody is watching. */
function progress(tenant: string): (seq: number, head: number) => void {
  return (seq, head) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${tenant}: ${seq} of ${head}${seq === head ? '\n' : ''}`);
  };
}

function sentence({ tenant, alterations, atomes, fault }: VerifyResult): string {
  if (!fault) return `${tenant}: sound, ${alterations} alterations and ${atomes} atomes`;
  const row = fault.seq === undefined ? '' : ` at seq ${fault.seq}`;
  const atome = fault.atomeId === undefined ? '' : ` (atome ${fault.atomeId})`;
  return `${tenant}: BAD${row}${atome}: ${fault.reason}`;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigError ? EX_CONFIG : 1;
  },
);
