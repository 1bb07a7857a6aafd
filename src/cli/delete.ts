import { callAtomes, MATCH_FLAG, WRITE_FLAGS, writeHeaders, writeLine, type WriteAnswer } from './atome-calls.js';
import { command } from './command.js';

export default command({
  name: 'delete',
  about: 'Deletes an atome of a running server; restore-atome brings it back.',
  takes: ['<id>'],
  flags: { ...WRITE_FLAGS, ...MATCH_FLAG },
  failure: 'it is as it was, and the server says why',

  async run({ values, takes: [id = ''], print }) {
    const { reason, key, version } = values;
    const path = encodeURIComponent(id);
    const headers = writeHeaders(key, version);
    const gone = await callAtomes<WriteAnswer>(values, { method: 'DELETE', path, body: { reason }, headers });
    print(gone, writeLine(gone));
    return 0;
  },
});
