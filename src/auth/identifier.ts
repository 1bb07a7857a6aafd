import { AtomeError } from '../protocol/index.js';

/** Longest identifier, in characters: RFC 3696 with its erratum 1690 allows 254 to an e-mail address. */
export const MAX_IDENTIFIER_CHARS = 254;

const EMAIL = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~.-]{1,64}@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+$/u;
/** E.164. */
const PHONE = /^\+[1-9]\d{6,14}$/;
/** It begins with a letter, so that no phone number looks like one. */
const USER_NAME = /^\p{L}[\p{L}\p{M}\p{N}_.-]{1,63}$/u;

/**
 * The one way to write what somebody logs in with: an e-mail address in lower case, a phone number as in E.164, or a
 * user name with case and look-alike forms folded (NFKC), so that nobody can take a name that differs in those alone.
 * @throws AtomeError `invalid`
 */
export function parseIdentifier(input: unknown): string {
  const text = typeof input === 'string' && input.length <= MAX_IDENTIFIER_CHARS ? fold(input.trim()) : '';
  const phone = text.replace(/[\s().-]/g, '').replace(/^00/, '+');
  if (PHONE.test(phone)) return phone;
  if (EMAIL.test(text) || USER_NAME.test(text)) return text;
  throw new AtomeError(
    'invalid',
    'must be an e-mail address, a phone number such as +33612345678, or a user name: 2–64 letters, digits and _ . -, a letter first',
  );
}

function fold(text: string): string {
  // upper and lower: JavaScript has no case folding, and this joins what lower case alone does not (ß, ς)
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
