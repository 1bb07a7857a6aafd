import { callAtomes, rowLine, sayCursor, type AtomeRow } from './atome-calls.js';
import { command } from './command.js';
import { SERVER_FLAGS } from './remote.js';

export default command({
  name: 'list',
  about: 'Lists atomes of a running server, one a line.',
  flags: {
    ...SERVER_FLAGS,
    kind: { type: 'string', takes: '<kind>', help: 'only this kind' },
    parent: { type: 'string', takes: '<id>', help: 'only those under this atome; null: under none' },
    search: { type: 'string', takes: '<text>', help: 'only those whose data has this text' },
    where: { type: 'string', takes: '<json>', help: 'only those for which this condition is true' },
    sort: { type: 'string', takes: '<fields>', help: 'in this order, downwards behind a -: -data.dueAt,id' },
    deleted: { type: 'boolean', help: 'deleted ones too' },
    limit: { type: 'string', takes: '<number>', help: 'at most so many, 500 at most', default: '20' },
    cursor: { type: 'string', takes: '<cursor>', help: 'what follows the page that has named it' },
  },
  failure: 'the server refuses it',

  async run({ values, print }) {
    const { kind, parent: parentId, search, where, sort, deleted, limit, cursor } = values;
    const includeDeleted = deleted ? 'true' : undefined;
    const query = { kind, parentId, search, where, sort, includeDeleted, limit, cursor, count: 'false' };
    const { data, nextCursor } = await callAtomes<{ data: AtomeRow[]; nextCursor: string | null }>(values, {
      path: 'list',
      query,
    });
    for (const atome of data) print(atome, rowLine(atome));
    sayCursor(nextCursor);
    return 0;
  },
});
