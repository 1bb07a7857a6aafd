import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/server/app.js';
import { launchBrowser } from '../support/browser/browser.js';
import { ConsolePage } from '../support/browser/console-page.js';

describe('the headers that browsers heed', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startApp({ TRUST_PROXY: '1' });
  });
  afterAll(() => server.close());

  it.each([
    ['/', "script-src 'self'; style-src 'self';"],
    ['/console.js', "script-src 'self'; style-src 'self';"],
    ['/api/docs', "script-src 'self'; style-src 'self' 'unsafe-inline';"],
    ['/api/atome/list', "default-src 'none';frame-ancestors 'none'"],
    ['/health', "default-src 'none';frame-ancestors 'none'"],
    ['/nothing', "default-src 'none';frame-ancestors 'none'"],
  ])('are on %s', async (path, policy) => {
    const { headers } = await server.api.get(path);
    expect(headers.get('content-security-policy')).toContain(policy);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.has('strict-transport-security')).toBe(false);
  });

  it('are those alone that are heeded there, on what is no page', async () => {
    const [page, call] = [await server.api.get('/'), await server.api.get('/api/atome/list')];
    const ofPages = ['cross-origin-opener-policy', 'origin-agent-cluster', 'x-dns-prefetch-control'];
    const ofAll = ['cross-origin-resource-policy', 'x-frame-options'];
    expect([...ofPages, ...ofAll].filter((name) => !page.headers.has(name))).toEqual([]);
    expect([...ofPages, ...ofAll].filter((name) => call.headers.has(name))).toEqual(ofAll);
  });

  it('are on what is refused', async () => {
    const { status, headers } = await server.api.get('/api/atome/list', { origin: 'https://evil.example' });
    expect({ status, sniff: headers.get('x-content-type-options') }).toEqual({ status: 403, sniff: 'nosniff' });
  });

  it('ask for https where it was https that the proxy spoke', async () => {
    const { headers } = await server.api.get('/api/server-info', { 'x-forwarded-proto': 'https' });
    expect(headers.get('strict-transport-security')).toBe('max-age=15552000');
  });

  it('leave Swagger UI whole, in a browser', async () => {
    const browser = await launchBrowser();
    try {
      const consolePage = await ConsolePage.open(browser, `${server.url}/api/docs`);
      await consolePage.page.getByText('/api/atome/list').click();
      await consolePage.page.getByRole('button', { name: 'Execute' }).click();
      await consolePage.page.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
      expect(consolePage.errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
