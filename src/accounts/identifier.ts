import { AtomeError } from '../protocol/index.js';

/** Longest identifier, in characters: RFC 3696 with its erratum 1690 allows 254 to an e-mail address. */
export const MAX_IDENTIFIER_CHARS = 254;

const EMAIL = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~.-]{1,64}@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+$/u;
/** E.164. */
const PHONE = /^\+[1-9]\d{6,14}$/;
/** What is not seen, or joins what is: two names that look the same may differ in these. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u;
/** The scripts in use (Unicode UAX #31, table 5), those that are written together as one (UTS #39, section 5.1). */
const SCRIPTS = [
  ['Latin'],
  ['Han', 'Hiragana', 'Katakana'],
  ['Han', 'Hangul'],
  ['Han', 'Bopomofo'],
  ...'Arabic Armenian Bengali Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Hebrew Kannada'
    .concat(' Khmer Lao Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan')
    .split(' ')
    .map((script) => [script]),
].map((scripts) => {
  const each = [...scripts, 'Common', 'Inherited'].map((script) => `\\p{Script_Extensions=${script}}`);
  return new RegExp(`^[${each.join('')}]*$`, 'u');
});
/** It begins with a letter, so that no phone number looks like one. */
const USER_NAME = /^\p{L}[\p{L}\p{M}\p{N}_.-]{1,63}$/u;

/**
 * The one way to write what somebody logs in with: an e-mail address in lower case, a phone number as in E.164, or a
 * user name with case and compatible forms folded (NFKC), so that nobody can take a name that differs in those alone.
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

/**
 * As {@link parseIdentifier}, for a new account, which must not look like another: nothing invisible, and one script in a
 * user name, in the local part of an address and in each label of its domain. Accounts from before that log in as ever.
 * @throws AtomeError `invalid`
 */
export function parseNewIdentifier(input: unknown): string {
  const identifier = parseIdentifier(input);
  const [local = '', domain = ''] = identifier.split('@');
  if (![local, ...domain.split('.')].every(isOfOneScript) || INVISIBLE.test(identifier)) {
    throw new AtomeError(
      'invalid',
      'must not mix letters of different scripts, such as Latin and Cyrillic, or hold invisible characters; write it in one script',
    );
  }
  return identifier;
}

function isOfOneScript(part: string): boolean {
  return SCRIPTS.some((script) => script.test(part));
}

function fold(text: string): string {
  // upper and lower: JavaScript has no case folding, and this joins what lower case alone does not (ß, ς)
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
