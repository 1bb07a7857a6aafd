import { describe, expect, it } from '@jest/globals';
import { LEDGER_STORE, type LedgerStore } from '../../../src/ledger/store.js';
import { DATABASES } from '../../support/databases/databases.js';
import { alterationRow, atomeRow, putRows } from '../../support/ledger/rows.js';
import { startOn } from '../../support/server/server-on.js';

describe.each(DATABASES)('an atome that is called null, on %s', (_database, create) => {
  it('cannot be made, nor be named as a parent, but is read where it is there', async () => {
    const server = await startOn(create);
    const store = server.app.get<LedgerStore>(LEDGER_STORE);
    const changes = '{"kind":"note","type":null,"data":{},"meta":{},"parentId":null}';
    await putRows(store, 'default', {
      alterations: [alterationRow(1, 'null', 1, { changes })],
      atomes: [atomeRow('null', 1)],
    });
    const { api } = server;
    const note = { kind: 'note', data: {} };

    const refused = await api.post('/api/atome/create', { ...note, id: 'null' });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect(refused.body.detail).toContain('not "list", "null"');
    expect(await api.post('/api/atome/create', { ...note, parentId: 'null' })).toMatchObject({ status: 400 });
    expect(await api.put('/api/atome/null', { parentId: 'null' })).toMatchObject({ status: 400 });
    expect(await api.get('/api/atome/null')).toMatchObject({ status: 200, body: { atome: { id: 'null' } } });
    expect(await api.patch('/api/atome/null', { n: 1 })).toMatchObject({ status: 200 });

    await api.create({}, { id: 'top', parentId: null });
    const { data } = (await api.get('/api/atome/list?parentId=null')).body as { data: { id: string }[] };
    expect(data.map(({ id }) => id).sort()).toEqual(['null', 'top']);
    await server.close();
  });
});
