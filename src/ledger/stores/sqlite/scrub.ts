import { Worker } from 'node:worker_threads';

const THREAD = new URL('./scrub-worker.mjs', import.meta.url);

interface Done {
  readonly error?: { readonly message: string };
}

/**
 * Pages that are rewritten hold nothing old (`secure_delete`), and here the write-ahead log of a database ends. What earlier
 * versions left in pages that were freed or split since goes with a rewrite of the file: at once for a small file, else
 * where it is asked for. In a thread: writes wait for its lock, and nothing else does.
 */
export async function scrubFile(path: string, isWhole: boolean): Promise<void> {
  const thread = new Worker(THREAD, { workerData: { path, isWhole }, execArgv: [] });
  const { error } = await new Promise<Done>((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that scrubs has ended')));
  });
  if (error) throw Object.assign(new Error(error.message), error);
}
