import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { login, PASSWORD, refresh, register, WITH_ACCOUNTS, type Tokens } from '../support/server/accounts.js';
import type { Answer } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { report } from '../support/report.js';

describe('guessing passwords', () => {
  let server: TestApp;
  let owner: Tokens;
  beforeEach(async () => {
    // the address is what the proxy says
    server = await startApp({ ...WITH_ACCOUNTS, TRUST_PROXY: '1' });
    owner = await register(server.api);
  });
  afterEach(() => server.close());

  const loginFrom = (address: string, identifier: string, password: string): Promise<Answer> =>
    server.api.post('/api/auth/login', { identifier, password }, { 'x-forwarded-for': address });
  const statuses = (answers: Answer[]): number[] => answers.map(({ status }) => status);

  it.each([
    ['an account', 'alice'],
    ['nobody', 'nobody'],
  ])('of %s is refused after ten failures, one after the other', async (_whose, name) => {
    const answers: Answer[] = [];
    for (let i = 0; i < 12; i += 1) answers.push(await loginFrom('192.0.2.1', name, `guess number ${i}`));
    expect(statuses(answers)).toEqual([...Array<number>(10).fill(401), 429, 429]);
    const { headers, body } = answers.at(-1)!;
    expect(body).toMatchObject({ code: 'rate_limited', retryable: true });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(880);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(900);
  });

  it('is refused after ten failures that come at once', async () => {
    const guesses = Array.from({ length: 40 }, (_, i) => loginFrom('192.0.2.1', 'alice', `guess number ${i}`));
    const answers = statuses(await Promise.all(guesses));
    expect(answers.filter((status) => status === 401)).toHaveLength(10);
    expect(answers.filter((status) => status === 429)).toHaveLength(30);
  });

  it('locks the owner out neither elsewhere nor of a session that is open', async () => {
    const guess = (address: string): Promise<Answer> => loginFrom(address, 'alice', 'the wrong password');
    await Promise.all(Array.from({ length: 11 }, () => guess('192.0.2.1')));
    expect((await loginFrom('192.0.2.1', 'alice', PASSWORD)).status).toBe(429);
    expect((await loginFrom('192.0.2.2', 'ALICE', PASSWORD)).status).toBe(200);
    expect((await refresh(server.api, owner)).status).toBe(200);
  });

  it('is bounded with the token of an open session too', async () => {
    const alice = server.api.as(owner.accessToken);
    const change = { currentPassword: 'the wrong password', newPassword: 'one that is as long' };
    const answers = [];
    for (let i = 0; i < 11; i += 1) {
      answers.push(
        i % 2
          ? await alice.post('/api/auth/change-password', change)
          : await alice.delete('/api/auth/delete-account', { password: 'the wrong password' }),
      );
    }
    expect(statuses(answers)).toEqual([...Array<number>(10).fill(401), 429]);
  });

  it('costs others nothing: 200 logins at once do not hold the feed up', async () => {
    const socket = await server.connect();
    socket.send({ type: 'auth', token: owner.accessToken });
    await socket.next('auth:success');
    const done = new AbortController();
    const logins = Promise.all(Array.from({ length: 200 }, () => login(server.api))).finally(() => done.abort());
    const writer = server.api.as(owner.accessToken);
    let delivered = 0;
    while (!done.signal.aborted) {
      const { seq } = await writer.create();
      await socket.next('atome:created', (event) => event.seq === seq);
      delivered += 1;
    }
    expect(new Set(statuses(await logins))).toEqual(new Set([200]));
    report(`${delivered} events were written and delivered, one after the other, during 200 logins`);
    expect(delivered).toBeGreaterThan(50);
  });
});
