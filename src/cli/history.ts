import { callAtomes, sayCursor } from './atome-calls.js';
import { command } from './command.js';
import { SERVER_FLAGS } from './remote.js';

interface Alteration {
  readonly seq: number;
  readonly version: number;
  readonly timestamp: string;
  readonly operation: string;
  readonly author?: string;
  readonly reason?: string | null;
}

export default command({
  name: 'history',
  about: 'Shows what has been done to an atome of a running server, the newest first, also of a deleted one.',
  takes: ['<id>'],
  flags: {
    ...SERVER_FLAGS,
    limit: { type: 'string', takes: '<number>', help: 'at most so many, 500 at most', default: '20' },
    cursor: { type: 'string', takes: '<cursor>', help: 'what follows the page that has named it' },
  },
  failure: 'there is no such atome, or the server refuses it',

  async run({ values, takes: [id = ''], print }) {
    const { limit, cursor } = values;
    const { alterations, nextCursor } = await callAtomes<{
      alterations: Alteration[];
      nextCursor: number | null;
    }>(values, { path: `${encodeURIComponent(id)}/history`, query: { limit, cursor } });
    for (const each of alterations) print(each, lineOf(each));
    sayCursor(nextCursor);
    return 0;
  },
});

function lineOf({ version, seq, timestamp, operation, author = '', reason }: Alteration): string {
  return `v${version}  seq ${seq}  ${timestamp}  ${operation}  ${author}${reason ? `  ${reason}` : ''}`;
}
