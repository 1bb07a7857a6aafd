/*
 * A first look at atome-sync. Open the page at / in two windows, load this file in both with their developer tools
 * (the first line), and in one of them try, for example:
 *
 *   const { createNote, rename } = await import('./examples/socket_test.js');
 *   const { id } = await createNote('Shopping', 'Milk, bread');
 *   await rename(id, 'Groceries');
 *
 * The other window logs each change as it comes.
 */
import { UnifiedAtome, UnifiedSync } from '../client.js';

/** The token of this window, where the server asks for one. It ends with the window. */
export function heldToken() {
  return sessionStorage.getItem('atome-sync token') ?? undefined;
}

/** Uses another token, or none: begins anew, since it may be that of somebody else. */
export function holdToken(token) {
  if (token) sessionStorage.setItem('atome-sync token', token);
  else sessionStorage.removeItem('atome-sync token');
  location.reload();
}

/** Connects and logs what others do. The SDK reconnects by itself and then tells what was missed. */
export function connect() {
  return UnifiedSync.connectRealtime({
    // where this file is, under whatever prefix
    url: new URL('..', import.meta.url).href,
    token: heldToken(),
    onConnected: ({ clientId }) => console.log('connected as', clientId),
    onDisconnected: ({ code, reason }) => console.log('disconnected:', code, reason),
    onAtomeCreated: ({ atome }) => console.log('created:', atome.id, atome.data),
    onAtomeUpdated: ({ atome }) => console.log('changed:', atome.id, 'is now version', atome.version, atome.data),
    onAtomeDeleted: ({ atomeId }) => console.log('deleted:', atomeId),
    onError: ({ error }) => console.warn(error.message),
  });
}

/** Calls `listener` with everything that happens, as `{ type, … }`; the answer ends that. */
export function watch(listener) {
  return UnifiedSync.on('*', listener);
}

export function isConnected() {
  return UnifiedSync.isRealtimeConnected();
}

/* Every answer is { success: true, … } or { success: false, error, code }: nothing here throws. */

export function createNote(name, content) {
  return create('note', { name, content });
}

export function create(kind, data) {
  return UnifiedAtome.create({ kind, data });
}

export function list(query) {
  return UnifiedAtome.list({ limit: 50, ...query });
}

/** Sets all of `data`, unless somebody else has changed the atome since `baseVersion`. */
export function replace(id, data, baseVersion) {
  return UnifiedAtome.alter(id, { operation: 'replace', changes: { data }, baseVersion });
}

export function rename(id, newName) {
  return UnifiedAtome.rename(id, newName);
}

/** Deleting is soft: `restore` brings the atome back. */
export function remove(id) {
  return UnifiedAtome.delete(id);
}

export function history(id) {
  return UnifiedAtome.history(id, { limit: 100 });
}

export function restore(id, version) {
  return UnifiedAtome.restore(id, version);
}

await connect();
