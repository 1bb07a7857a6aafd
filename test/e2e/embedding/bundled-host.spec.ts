import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFile, type Database } from '../../support/databases/databases.js';
import { after, KilledProgram } from '../../support/server/killed-program.js';

describe('an application that is bundled without the file of the threads', () => {
  let database: Database;
  beforeEach(() => {
    database = createFile();
  });
  afterEach(() => database.drop());

  it('reads SQLite on the event loop, and is told once what would help', async () => {
    const host = await KilledProgram.of('bundled-host');
    const said = await host.run([database.url]);
    expect(after(said, 'listed')).toEqual(['a,b', 'a,b', 'a,b', 'a,b']);
    expect(after(said, 'history')).toEqual(['1']);
    expect(after(said, 'report')).toEqual([expect.stringContaining('put dist/read-worker.mjs of atome-sync beside')]);
    expect(said.at(-1)).toBe('closed');
  });
});
