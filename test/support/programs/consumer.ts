import { DataSource } from 'typeorm';
import { openStore } from '../../../src/ledger/stores/open-store.js';
import { consumerOn } from '../ledger/consumers.js';
import { openLedger } from '../ledger/ledger.js';

/*
 * A program that is meant to be killed: `<url> <last seq>` handles what is in the ledgers of two tenants, in two consumers:
 * one writes what it handles in the transaction it is given, the other says so. It says `handled` of each, and `done`.
 */
const [url = '', last = ''] = process.argv.slice(2);
const store = await openStore(url, { report: () => undefined });
const ledger = await openLedger(store);
const place = url.startsWith('sqlite:')
  ? ({ type: 'better-sqlite3', database: url.slice(7) } as const)
  : ({ type: 'postgres', url } as const);
const host = await new DataSource(place).initialize();
const ended = new Map<string, Set<string>>([
  ['once', new Set()],
  ['least', new Set()],
]);
const bothEnded = (): boolean => [...ended.values()].every(({ size }) => size === 2);
let end: () => void = () => undefined;
const over = new Promise<void>((resolve) => (end = resolve));
const note = (name: string, tenant: string, seq: number): void => {
  console.log(`${name} ${tenant} ${seq}`);
  if (seq === Number(last)) ended.get(name)!.add(tenant);
  if (bothEnded()) end();
};

const once = consumerOn(ledger, url, { consumer: 'once', from: 'start' }, async ({ tenant, seq }, delivery) => {
  const insert = `INSERT INTO handled (tenant, seq) VALUES ('${tenant}', ${seq})`;
  await delivery.transaction(({ manager }) => manager.query(insert));
  note('once', tenant, seq);
});
const least = consumerOn(ledger, url, { consumer: 'least', from: 'start' }, ({ tenant, seq }) =>
  note('least', tenant, seq),
);
await Promise.all([once.start(), least.start()]);
const states = await Promise.all([once.consumers.list('one'), once.consumers.list('two')]);
for (const [index, tenant] of ['one', 'two'].entries()) {
  // what had come to its end before
  for (const { name, lag } of states[index]!) if (lag === 0) ended.get(name)!.add(tenant);
}
if (bothEnded()) end();
await over;
await Promise.all([once.stop(), least.stop()]);
await host.destroy();
await ledger.close();
console.log('done');
