/** WebSocket close codes, named once for both sides. */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  POLICY: 1008,
  TOO_BIG: 1009,
  RESTART: 1012,
  UNAUTHENTICATED: 4401,
  FORBIDDEN: 4403,
  NO_PROGRESS: 4408,
  TOO_MANY: 4429,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** True for a close after which connecting again the same way cannot help. */
export function isFinalClose(code: number): boolean {
  return code >= 4400 && code < 4500 && code !== CloseCode.UNAUTHENTICATED && code !== CloseCode.NO_PROGRESS;
}
