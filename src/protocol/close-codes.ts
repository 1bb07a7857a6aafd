/** Those that the client looks for: by themselves, so that a bundler puts the bare numbers in their place. */
export const NORMAL = 1000;
export const TOO_BIG = 1009;
export const UNAUTHENTICATED = 4401;
export const NO_PROGRESS = 4408;
export const TOO_MANY = 4429;

/** WebSocket close codes, named once for both sides. */
export const CloseCode = {
  NORMAL,
  GOING_AWAY: 1001,
  POLICY: 1008,
  TOO_BIG,
  RESTART: 1012,
  UNAUTHENTICATED,
  FORBIDDEN: 4403,
  NO_PROGRESS,
  TOO_MANY,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** True for a close after which connecting again the same way cannot help. */
export function isFinalClose(code: number): boolean {
  return /^44(?!01|08)/.test(String(code));
}
