import { describe, expect, it } from '@jest/globals';
import * as sdk from './index.js';

/* The public API. A name that goes or comes is a change of the package's version. */

const methods = (object: object): string[] => Object.keys(object).sort();

describe('the public API', () => {
  it('exports these names', () => {
    expect(methods(sdk)).toEqual(['SyncError', 'SyncWebSocket', 'UnifiedAtome', 'UnifiedSync', 'createUnified']);
    expect(methods(sdk.createUnified())).toEqual(['SyncWebSocket', 'UnifiedAtome', 'UnifiedSync']);
  });

  it('has these methods', () => {
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
