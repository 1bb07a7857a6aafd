import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { create, openLedger, TENANT, update, write, type TestLedger } from '../../test/support/ledger/ledger.js';
import { queryOf } from '../../test/support/ledger/raw-query.js';
import { AtomeError } from '../protocol/index.js';
import { verifyLedger, type LedgerFault } from './integrity/verify-ledger.js';

const ERASE = `UPDATE atome_alterations SET changes = 'null', reason = NULL, snapshot = NULL, salt = ''`;

describe('an erased atome in the ledger', () => {
  let ledger: TestLedger;
  beforeEach(async () => {
    ledger = await openLedger();
    await ledger.write(create('a', { n: 0 }, { reason: 'why' }));
    await ledger.write(update('a', { n: 1 }));
    await ledger.write(create('b'));
  });
  afterEach(() => ledger.close());

  const fault = async (): Promise<LedgerFault | undefined> => (await verifyLedger(ledger.store.ledger(TENANT))).fault;
  const query = (sql: string): Promise<unknown> => queryOf(ledger.store)(sql);
  const redact = (id: string): Promise<unknown> => ledger.write(write(id, 'redact', {}));

  it('is sound, and every change of what is left is found', async () => {
    await redact('a');
    expect(await fault()).toBeUndefined();
    for (const change of [`reason = 'why'`, `changes = '{"n":0}'`, `salt = '00'`, `author = 'x'`, `snapshot = '{}'`]) {
      await query('BEGIN');
      await query(`UPDATE atome_alterations SET ${change} WHERE seq = 1`);
      expect(await fault()).toMatchObject({ seq: 1, atomeId: 'a' });
      await query('ROLLBACK');
    }
    await query(`UPDATE atome_atomes SET data = '{"n":1}' WHERE id = 'a'`);
    expect(await fault()).toMatchObject({ atomeId: 'a' });
  });

  it('is a fault without a redact that accounts for it', async () => {
    await redact('b');
    await query(`${ERASE} WHERE seq = 2`);
    expect(await fault()).toEqual({
      seq: 2,
      atomeId: 'a',
      reason: 'its payload is missing, and no redact accounts for it',
    });
  });

  it('is a fault where something of it was put back, or the redact itself was taken away', async () => {
    const rows = await query('SELECT changes, reason, salt FROM atome_alterations WHERE seq = 2');
    await redact('a');
    const [{ changes, salt }] = rows as [{ changes: string; salt: string }];
    await query('BEGIN');
    await query(`UPDATE atome_alterations SET changes = '${changes}', salt = '${salt}' WHERE seq = 2`);
    expect(await fault()).toMatchObject({ atomeId: 'a' });
    await query('ROLLBACK');
    await query(`${ERASE} WHERE operation = 'redact'`);
    expect(await fault()).toMatchObject({ seq: 4, atomeId: 'a', reason: 'it is only half erased' });
  });

  it('does not mind what is erased while the chain is walked', async () => {
    const verdict = verifyLedger(ledger.store.ledger(TENANT), () => void redact('a'));
    expect((await verdict).fault).toBeUndefined();
    expect(await fault()).toBeUndefined();
  });

  it('can be erased once', async () => {
    await expect(redact('none')).rejects.toMatchObject({ code: 'not_found' });
    expect(await redact('a')).toMatchObject({ outcome: 'applied' });
    expect(await redact('a')).toMatchObject({ outcome: 'noop', seq: 4, version: 3 });
  });

  it('is found out of nothing by replay, history and verification, whatever was written and erased', async () => {
    const ids = fc.constantFrom('x', 'y', 'z');
    const secret = fc.constantFrom('plain', 'canary');
    const act = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constant('write' as const), ids, secret) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('erase' as const), ids, secret) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('delete' as const), ids, secret) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('restore' as const), ids, secret) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const own = await openLedger();
        const erased = new Set<string>();
        try {
          for (const [what, id, text] of acts) {
            const data = { text: `${text}-${id}`, long: 'x'.repeat(300) };
            const mutation =
              what === 'erase'
                ? write(id, 'redact', {})
                : what === 'delete'
                  ? write(id, 'delete', {})
                  : what === 'restore'
                    ? write(id, 'restore', { version: 1 })
                    : (await own.store.ledger(TENANT).atomes.get(id))
                      ? update(id, { ...data, n: Math.random() }, { reason: data.text })
                      : create(id, data, { opId: `op-${id}` });
            const outcome = await own.write(mutation).catch((error: unknown) => {
              expect(error).toBeInstanceOf(AtomeError);
            });
            if (what === 'erase' && outcome) erased.add(id);
          }
          const { seq } = await own.reader.head();
          const pages = [
            await own.reader.page(0, seq, { chars: 1e9 }),
            (await own.reader.newestPage(0, { chars: 1e9 })).committed,
          ];
          const shown = JSON.stringify([...pages, await queryOf(own.store)('SELECT * FROM atome_alterations')]);
          for (const id of erased) {
            expect(shown).not.toContain(`canary-${id}`);
            expect(JSON.stringify(await own.reader.history(id, 1, 100))).not.toContain(`canary-${id}`);
          }
          expect(pages[0]!.map(({ alteration }) => alteration.seq)).toEqual(
            Array.from({ length: seq }, (_, index) => index + 1),
          );
          expect((await verifyLedger(own.store.ledger(TENANT))).fault).toBeUndefined();
        } finally {
          await own.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
