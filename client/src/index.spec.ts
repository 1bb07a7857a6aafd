import { describe, expect, it } from '@jest/globals';
import { MemoryNetwork } from './connection/memory-transport.js';
import * as sdk from './index.js';
import * as sqlite from './sqlite.js';

/* The public API. A name that goes or comes is a change of the package's version. */

const methods = (object: object): string[] => Object.keys(object).sort();

describe('the public API', () => {
  it('exports these names', () => {
    expect(methods(sdk)).toEqual([
      'SyncError',
      'SyncWebSocket',
      'UnifiedAtome',
      'UnifiedSync',
      'createClient',
      'createUnified',
      'indexedDbStore',
      'memoryStore',
    ]);
    expect(methods(sdk.createUnified())).toEqual(['SyncWebSocket', 'UnifiedAtome', 'UnifiedSync']);
  });

  it('exports these names under /sqlite', () => {
    expect(methods(sqlite)).toEqual(['sqliteStore', 'tauriStore']);
  });

  it('has these methods', async () => {
    const client = sdk.createClient({ dial: new MemoryNetwork().dial });
    expect(methods(client)).toEqual([
      'close',
      'create',
      'delete',
      'discard',
      'flush',
      'get',
      'list',
      'on',
      'patch',
      'pending',
      'ready',
      'rejected',
      'rename',
      'replace',
      'restore',
      'retry',
      'share',
      'status',
      'tag',
      'update',
      'waitFor',
      'watch',
    ]);
    await client.close();
    expect(methods(sdk.SyncWebSocket)).toEqual([
      'broadcastAlter',
      'broadcastCreate',
      'broadcastDelete',
      'broadcastUpdate',
      'connect',
      'disconnect',
      'getState',
      'isConnected',
      'off',
      'on',
      'onAll',
      'send',
    ]);
    expect(methods(sdk.UnifiedSync)).toEqual([
      'connectRealtime',
      'disconnectRealtime',
      'getRealtimeState',
      'isRealtimeConnected',
      'off',
      'on',
    ]);
    expect(methods(sdk.UnifiedAtome)).toEqual([
      'alter',
      'create',
      'delete',
      'get',
      'history',
      'list',
      'rename',
      'restore',
      'update',
    ]);
  });
});
