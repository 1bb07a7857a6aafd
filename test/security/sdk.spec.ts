import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createUnified, type UnifiedClient, type UnifiedOptions } from '../../client/src/index.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import type { Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { EventRecorder } from '../support/clients/event-recorder.js';

const shortly = (ms: number): string => tokenOf('writer', { exp: (Date.now() + ms) / 1_000 });
const note = { kind: 'note', data: { title: 'My Note' } };

describe('the client, where authentication is on', () => {
  let server: TestApp;
  let other: Api;
  let client: UnifiedClient;
  beforeEach(async () => {
    server = await startApp(WITH_TOKENS);
    other = server.api.as(tokenOf('writer', { sub: 'other' }));
  });
  afterEach(async () => {
    client.SyncWebSocket.disconnect();
    await server.close();
  });

  const open = (options: UnifiedOptions): EventRecorder => {
    // no waiting before a reconnect
    client = createUnified({ url: server.url, random: () => 0, ...options });
    return new EventRecorder(client);
  };

  it.each<[string, UnifiedOptions['token']]>([
    ['a token', tokenOf('writer')],
    ['a function', () => tokenOf('writer')],
    ['a function that takes its time', () => Promise.resolve(tokenOf('writer'))],
  ])('works with %s', async (_what, token) => {
    const recorder = open({ token });
    expect(await client.SyncWebSocket.connect()).toBe(true);
    expect(await client.UnifiedAtome.create(note)).toMatchObject({ success: true, version: 1 });
    await other.create();
    await recorder.reached(2);
    expect(recorder.seqs).toEqual([2]);
  });

  it.each<[string, UnifiedOptions['token']]>([
    ['without a token', undefined],
    ['with a token that is not good', 'garbage'],
    ['with a token without a role', tokenOf('nobody', { roles: [] })],
  ])('gives up %s', async (_what, token) => {
    const recorder = open({ token });
    expect(await client.SyncWebSocket.connect()).toBe(false);
    expect(client.SyncWebSocket.getState()).toMatchObject({ connected: false });
    expect(await client.UnifiedAtome.create(note)).toMatchObject({ success: false });
    expect(recorder.seqs).toEqual([]);
  });

  it('asks for another token when one has expired, and goes on from where it was', async () => {
    const asked: boolean[] = [];
    const recorder = open({
      token: ({ renew }) => {
        asked.push(renew);
        // while the connection is there none can be had
        if (asked.length === 2) throw new Error('nobody is there');
        return renew ? tokenOf('writer') : shortly(5_000);
      },
    });
    expect(await client.SyncWebSocket.connect()).toBe(true);
    await other.create();
    await recorder.reached(1);
    // one write while it is there, one while it is away, one when it is back
    expect(await recorder.next('sync:disconnected')).toMatchObject({ code: 4401, reason: 'the token has expired' });
    await other.create();
    await recorder.next('sync:connected');
    await other.create();
    await recorder.reached(3);
    expect(recorder.seqs).toEqual([1, 2, 3]);
    expect(asked).toEqual([false, true, true]);
  });

  it('asks for another token when a call is refused, and makes the call again', async () => {
    const asked: boolean[] = [];
    open({
      token: ({ renew }) => {
        asked.push(renew);
        return renew ? tokenOf('writer') : shortly(-60_000);
      },
    });
    expect(await client.UnifiedAtome.create(note)).toMatchObject({ success: true, seq: 1 });
    expect(asked).toEqual([false, true]);
  });

  it('is told what a reader may not do', async () => {
    open({ token: tokenOf('reader') });
    expect(await client.UnifiedAtome.create(note)).toMatchObject({ success: false, code: 'forbidden' });
    expect(await client.UnifiedAtome.list({})).toMatchObject({ success: true });
  });
});
