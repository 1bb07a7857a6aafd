import { UsageError } from '../config/command-line.js';
import { callAtomes, MATCH_FLAG, WRITE_FLAGS, writeHeaders, writeLine, type WriteAnswer } from './atome-calls.js';
import { command } from './command.js';

export default command({
  name: 'restore-atome',
  about: 'Brings an atome of a running server back to a version that it had, deleted or not; history names them.',
  takes: ['<id>', '<version>'],
  flags: { ...WRITE_FLAGS, ...MATCH_FLAG },
  failure: 'it is as it was, and the server says why',

  async run({ values, takes: [id = '', version = ''], print }) {
    if (!/^\d{1,15}$/.test(version)) throw new UsageError('<version>: expected a number');
    const { reason, key } = values;
    const path = `${encodeURIComponent(id)}/restore`;
    const headers = writeHeaders(key, values.version);
    const body = { version: Number(version), reason };
    const restored = await callAtomes<WriteAnswer>(values, { method: 'POST', path, body, headers });
    print(restored, writeLine(restored));
    return 0;
  },
});
