/* What the documentation of `/api/auth` shows. */

const TIME = '2026-01-31T12:00:00.000Z';
const ACCOUNT = { id: '0199f3a2-7c1e-7b3a-9d2e-3f6a1c9b8e02', identifier: 'alice@example.com', createdAt: TIME };
const PASSWORD = 'correct horse battery staple';
const REFRESH_TOKEN = `${'example-of-a-refresh-token-'.repeat(3)}12345`;
const TOKENS = {
  success: true,
  accessToken: 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.…',
  accessTokenExpiresAt: TIME,
  refreshToken: REFRESH_TOKEN,
  refreshTokenExpiresAt: TIME,
};

/** Bodies. */
export const BODIES = {
  register: {
    'by e-mail': { identifier: ACCOUNT.identifier, password: PASSWORD },
    'by phone': { identifier: '+33 6 12 34 56 78', password: PASSWORD },
    'by user name': { identifier: 'alice', password: PASSWORD },
  },
  login: { login: { identifier: ACCOUNT.identifier, password: PASSWORD } },
  refresh: { refresh: { refreshToken: REFRESH_TOKEN } },
  logout: {
    'The session of the token in the header': {},
    'The session of a refresh token': { refreshToken: REFRESH_TOKEN },
  },
  changePassword: { change: { currentPassword: PASSWORD, newPassword: 'purple monkey dishwasher lamp' } },
  deleteAccount: { delete: { password: PASSWORD } },
};

/** What is answered. */
export const ANSWERS = {
  ticket: { success: true, ticket: 'pKx3…', expiresAt: TIME },
  tokens: { ...TOKENS, account: ACCOUNT },
  refreshed: TOKENS,
  done: { success: true },
  me: {
    success: true,
    principal: { id: ACCOUNT.id, tenant: 'default', roles: ['writer'] },
    expiresAt: TIME,
    account: ACCOUNT,
  },
  deleted: { success: true, id: ACCOUNT.id },
};
