import { callAtomes, type AtomeRow } from './atome-calls.js';
import { command } from './command.js';
import { SERVER_FLAGS } from './remote.js';

export default command({
  name: 'get',
  about: 'Shows an atome of a running server, now or as it was.',
  takes: ['<id>'],
  flags: {
    ...SERVER_FLAGS,
    version: { type: 'string', takes: '<number>', help: 'as it was in this version' },
    at: { type: 'string', takes: '<seq|time>', help: 'as it was at a seq, or a time such as 2026-01-31T12:00:00Z' },
    fields: { type: 'string', takes: '<fields>', help: 'only these, with commas: id,data.title' },
  },
  failure: 'there is no such atome, or the server refuses it',

  async run({ values, takes: [id = ''], print }) {
    const { version, at, fields } = values;
    const path = encodeURIComponent(id);
    const { atome } = await callAtomes<{ atome: AtomeRow }>(values, { path, query: { version, at, fields } });
    print(atome, JSON.stringify(atome, undefined, 2));
    return 0;
  },
});
