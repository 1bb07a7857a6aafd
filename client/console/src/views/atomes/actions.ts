import type { Atome, Client, JsonObject } from '@atome-sync/client';
import { countText, nameOf } from '../../data/names.js';
import { changesBetween } from '../../data/merge.js';
import { complain, say } from '../../ui/toasts.js';

type AccessOf = Parameters<Client['share']>[1];

/** Deletes, and offers to take that back. */
export async function remove(client: Client, atomes: readonly Atome[], reason?: string): Promise<void> {
  const written: { readonly opId: string; readonly atome: Atome }[] = [];
  try {
    for (const atome of atomes) {
      const { opId } = await client.delete(atome.id, reason ? { reason } : {});
      written.push({ opId, atome });
    }
  } catch (error) {
    complain(error);
  }
  if (written.length === 0) return;
  const what = written.length === 1 ? nameOf(written[0]!.atome) : `${countText(written.length)} atomes`;
  say(`Deleted ${what}`, async () => {
    const waiting = new Set((await client.pending()).map(({ operation }) => operation.opId));
    for (const { opId, atome } of written) {
      if (waiting.has(opId)) await client.discard(opId);
      else await client.restore(atome.id, atome.version);
    }
  });
}

/** Writes what is different, so that keys which others change meanwhile stay theirs. */
export async function save(
  client: Client,
  id: string,
  [base, next]: readonly [JsonObject, JsonObject],
  reason: string,
): Promise<void> {
  const { set, remove: gone } = changesBetween(base, next);
  const options = reason ? { reason } : {};
  if (Object.keys(set).length > 0) await client.update(id, set, options);
  if (gone.length > 0) await client.patch(id, Object.fromEntries(gone.map((key) => [key, null])), options);
}

/** Brings back an earlier version. */
export async function restore(client: Client, id: string, version: number, reason = ''): Promise<void> {
  await client.restore(id, version, reason ? { reason } : {});
  say(`Version ${version} is being restored`);
}

/** An access out of what a form says. */
export function accessOf(how: string, read: string, write: string): AccessOf {
  if (how === 'tenant' || how === 'private' || how === 'inherit') return how;
  return { read: listOf(read), write: listOf(write) };
}

function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}
