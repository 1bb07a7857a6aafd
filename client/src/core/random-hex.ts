/** 56 bits by chance. Not of a `randomUUID`, which a page over plain http lacks. */
export function randomHex(): string {
  const bytes = [...crypto.getRandomValues(new Uint8Array(7))];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
