import { afterEach, describe, expect, it } from '@jest/globals';
import { apiUrl } from './api-url.js';
import { socketUrl } from './endpoints.js';

const page = globalThis as unknown as Record<string, unknown>;

afterEach(() => {
  delete page.location;
});

describe('the endpoints of a server', () => {
  it.each([
    [undefined, 'ws://127.0.0.1:3001/ws/atome-sync', 'http://127.0.0.1:3001/api'],
    ['ws://host:3001/ws/atome-sync', 'ws://host:3001/ws/atome-sync', 'http://host:3001/api'],
    ['wss://host/ws/atome-sync/', 'wss://host/ws/atome-sync', 'https://host/api'],
    ['http://host', 'ws://host/ws/atome-sync', 'http://host/api'],
    ['https://host/', 'wss://host/ws/atome-sync', 'https://host/api'],
    ['ws://host', 'ws://host/ws/atome-sync', 'http://host/api'],
    ['https://host/sync', 'wss://host/sync/ws/atome-sync', 'https://host/sync/api'],
    ['wss://host/sync/ws/atome-sync', 'wss://host/sync/ws/atome-sync', 'https://host/sync/api'],
    ['ws://host/live?room=1', 'ws://host/live?room=1', 'http://host/api'],
  ])('%s → %s and %s', (url, socket, api) => {
    expect(socketUrl(url)).toBe(socket);
    expect(apiUrl(url)).toBe(api);
  });

  it('takes the origin of the page, where there is one that a server can have', () => {
    page.location = new URL('https://app.example/notes?x=1');
    expect(socketUrl()).toBe('wss://app.example/ws/atome-sync');
    expect(apiUrl('/sync')).toBe('https://app.example/sync/api');

    page.location = new URL('file:///home/me/index.html');
    expect(apiUrl()).toBe('http://127.0.0.1:3001/api');
  });

  it.each(['', 'nonsense:', 'ftp://host', 'http://'])('refuses %j', (url) => {
    if (url === '') expect(apiUrl(url)).toBe('http://127.0.0.1:3001/api');
    else expect(() => socketUrl(url)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});
