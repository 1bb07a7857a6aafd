import { callAtomes, jsonOf, WRITE_FLAGS, writeHeaders, writeLine, type WriteAnswer } from './atome-calls.js';
import { command } from './command.js';

const { reason: _none, ...FLAGS } = WRITE_FLAGS;

export default command({
  name: 'create',
  about: 'Creates an atome on a running server.',
  takes: ['<kind>'],
  flags: {
    ...FLAGS,
    id: { type: 'string', takes: '<id>', help: 'an id of your own; left out: a new one' },
    data: { type: 'string', takes: '<json>', help: 'what it holds; -: what standard input says', default: '{}' },
    parent: { type: 'string', takes: '<id>', help: 'the atome that it is under' },
  },
  failure: 'it is not created, and the server says why',

  async run({ values, takes: [kind = ''], print }) {
    const { id, parent: parentId, key } = values;
    const body = { kind, id, parentId, data: await jsonOf('--data', values.data) };
    const headers = writeHeaders(key);
    const made = await callAtomes<WriteAnswer>(values, { method: 'POST', path: 'create', body, headers });
    print(made, writeLine(made));
    return 0;
  },
});
