import { describe, expect, it } from '@jest/globals';
import fc from '../../test/support/properties.js';
import { refusal } from '../../test/support/refusal.js';
import { parseIdentifier, parseNewIdentifier } from './identifier.js';

describe('what somebody logs in with', () => {
  it.each([
    ['Alice@Example.COM', 'alice@example.com'],
    [' alice@example.com ', 'alice@example.com'],
    ['josé.garcía+tag@exämple.es', 'josé.garcía+tag@exämple.es'],
    ['+33 6 12.34-56 (78)', '+33612345678'],
    ['0033612345678', '+33612345678'],
    ['Alice', 'alice'],
    ['ＡＬＩＣＥ', 'alice'],
    ['Straße', 'strasse'],
    ['Ὀδυσσεύς', 'ὀδυσσεύς'],
    ['Ⅷth', 'viiith'],
    ['a.b_c-9', 'a.b_c-9'],
  ])('%s is %s', (input, identifier) => expect(parseIdentifier(input)).toBe(identifier));

  it.each([
    '',
    ' ',
    'a',
    '1a',
    'a b',
    'a@b',
    '@example.com',
    'a@@example.com',
    'a@example..com',
    'a b@example.com',
    '+0123456789',
    '+1234567890123456',
    '0612345678',
    'al\u0000ice',
    'al\u202eice',
    'alice\ud800',
    `a${'b'.repeat(64)}`,
    `${'a'.repeat(250)}@example.com`,
    null,
    7,
    ['alice'],
  ])('%j is nothing', (input) => expect(refusal(() => parseIdentifier(input))).toEqual(['invalid']));

  it('is its own one way to write it', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 2, maxLength: 20 }).map((name) => `a${name}`),
      fc.emailAddress(),
      fc.bigInt(10_000_000n, 99_999_999_999_999n).map((digits) => `+${digits}`),
    );
    fc.assert(
      fc.property(text, (input) => {
        fc.pre(refusal(() => parseIdentifier(input)).length === 0);
        const identifier = parseIdentifier(input);
        expect(parseIdentifier(identifier)).toBe(identifier);
        expect(parseIdentifier(input.toUpperCase())).toBe(identifier);
        expect(parseIdentifier(input.normalize('NFD'))).toBe(identifier);
      }),
    );
  });
});

describe('a new name', () => {
  it.each([
    ...[
      'alice',
      'josé.garcía',
      'straße',
      'ὀδυσσεύς',
      'иван',
      '山田たろう',
      'ヤマダ太郎',
      '김철수',
      'नमस्ते',
      'محمد',
      'นคร',
      'a.b_c-9',
    ],
    ...['josé.garcía+tag@exämple.es', 'иван@example.com', 'alice@пример.испытание', '+33612345678'],
  ])('may be %s', (name) => expect(parseNewIdentifier(name)).toBe(parseIdentifier(name)));

  it.each([
    ...['\ufe0f', '\u034f', '\u180b', '\u3164', '\u115f', '\uffa0', '\u{e0100}', '\u17b4'].map(
      (sign) => `ali${sign}ce`,
    ),
    ...[
      'аlice.x',
      'alicе',
      'αlice',
      'alice.х',
      'al\u0661ce',
      'аlice@example.com',
      'alice@exаmple.com',
      'alice@example.сom',
      'aᎪ',
    ],
  ])('may not be %j', (name) => expect(refusal(() => parseNewIdentifier(name))).toEqual(['invalid']));

  it('that was taken before still logs in', () => {
    for (const name of ['alicе', 'ali\ufe0fce']) expect(parseIdentifier(name)).toBe(name);
  });

  it('is in one script wherever one letter of another is put', () => {
    const latin = fc.stringMatching(/^[a-z]{1,8}$/);
    const others = fc.constantFrom('а', 'в', 'я', 'α', 'β', 'ω', 'א', 'گ', 'अ', 'ก', '한', 'あ', '漢');
    fc.assert(
      fc.property(latin, others, latin, (before, other, after) => {
        expect(refusal(() => parseNewIdentifier(before + other + after))).toEqual(['invalid']);
      }),
    );
  });
});
