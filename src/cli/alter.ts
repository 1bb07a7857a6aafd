import {
  callAtomes,
  jsonOf,
  MATCH_FLAG,
  WRITE_FLAGS,
  writeHeaders,
  writeLine,
  type WriteAnswer,
} from './atome-calls.js';
import { command } from './command.js';

export default command({
  name: 'alter',
  about:
    'Alters an atome of a running server: sets the keys that are named, and leaves the others. With --patch as JSON Merge Patch, or as JSON\nPatch where it is an array. With - in the place of <json>, standard input says it.',
  takes: ['<id>', '<json>'],
  flags: { ...WRITE_FLAGS, ...MATCH_FLAG, patch: { type: 'boolean', help: 'the argument is a patch' } },
  failure: 'it is as it was, and the server says why',

  async run({ values, takes: [id = '', json = ''], print }) {
    const { reason, key, version, patch } = values;
    const body = { operation: patch ? 'patch' : 'update', changes: await jsonOf('<json>', json), reason };
    const path = `${encodeURIComponent(id)}/alter`;
    const headers = writeHeaders(key, version);
    const altered = await callAtomes<WriteAnswer>(values, { method: 'POST', path, body, headers });
    print(altered, writeLine(altered));
    return 0;
  },
});
