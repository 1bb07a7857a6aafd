import type { Principal } from '../protocol/index.js';
import type { DoneAnswer } from '../protocol/messages/answers.js';

/* What calls about accounts are answered. */

/** An account as its owner sees it. */
export interface AccountView {
  /** The `id` of its principal. */
  readonly id: string;
  /** An e-mail address, a phone number or a user name. */
  readonly identifier: string;
  /** Since when there is the account. */
  readonly createdAt: string;
}

/** A one-time ticket. */
export interface TicketAnswer extends DoneAnswer {
  /** For `?ticket=` of the WebSocket, or of the changes. */
  readonly ticket: string;
  /** Until when it is good. */
  readonly expiresAt: string;
}

/** The tokens of a session. */
export interface TokensAnswer extends DoneAnswer {
  /** For `Authorization: Bearer`. */
  readonly accessToken: string;
  /** Until when that is good. */
  readonly accessTokenExpiresAt: string;
  /** Good for the next tokens, once. */
  readonly refreshToken: string;
  /** Until when that is good. */
  readonly refreshTokenExpiresAt: string;
}

/** A new session. */
export interface LoginAnswer extends TokensAnswer {
  /** Whose it is. */
  readonly account: AccountView;
}

/** Who calls. */
export interface MeAnswer extends DoneAnswer {
  /** Who it is, by the token. */
  readonly principal: Principal;
  /** Until when; null for ever. */
  readonly expiresAt: string | null;
  /** null for a token that was not issued here. */
  readonly account: AccountView | null;
  /** The same in the words of the original client, where the server understands them. */
  readonly user?: { readonly id: string; readonly user_id: string; readonly username: string };
}

/** An account has gone. */
export interface AccountDeletedAnswer extends DoneAnswer {
  /** Whose it was. */
  readonly id: string;
}
