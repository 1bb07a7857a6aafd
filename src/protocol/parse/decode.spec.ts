import { describe, expect, it, jest } from '@jest/globals';
import fc from '../../../test/support/properties.js';
import { checkJson } from '../json.js';
import { DEFAULT_LIMITS } from '../limits.js';
import { decodeJson, isCarried } from './decode.js';

/** The path at which a text is refused; undefined when it is taken. */
const refusedAt = (text: string): string | undefined => checkJson(decodeJson(text), DEFAULT_LIMITS)?.path;

/** A decimal number as a fraction of whole numbers, by another way than that of the code. */
function valueOf(token: string): [numerator: bigint, denominator: bigint] {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const power = Number(exponent) - fraction.length;
  const digits = BigInt(whole.replace('-', '') + fraction) * (token.startsWith('-') ? -1n : 1n);
  return power >= 0 ? [digits * 10n ** BigInt(power), 1n] : [digits, 10n ** BigInt(-power)];
}

const isSame = (a: string, b: string): boolean => {
  const [[n, d], [m, e]] = [valueOf(a), valueOf(b)];
  return n * e === m * d;
};

const digits = (most: number) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most });
const token = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(
      fc.constant('0'),
      digits(24).map((all) => all.join('').replace(/^0+(?=.)/, '')),
    ),
    fraction: fc.option(
      digits(24).map((all) => `.${all.join('')}`),
      { nil: '' },
    ),
    exponent: fc.option(
      fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.integer({ min: 0, max: 400 })),
      { nil: undefined },
    ),
  })
  .map(({ sign, whole, fraction, exponent }) => sign + whole + fraction + (exponent?.join('') ?? ''));
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value));

describe('a number of a JSON text', () => {
  it.each([
    ...[
      '0',
      '0.0',
      '0e5',
      '0E+99999999999999999999',
      '1',
      '-1',
      '1.10',
      '1e2',
      '1E+2',
      '0.1',
      '-0.5',
      '-0.05',
      '12.50e-1',
    ],
    ...['9007199254740991', '9007199254740992', '9007199254740994', '-9007199254740991', '100000000000000000000'],
    ...['1e21', '1e23', '0.30000000000000004', '1.7976931348623157e308', '5e-324', '2.2250738585072014E-308'],
    ...['123456789.12345678', '0.10000000000000000000000000'],
  ])('%s is taken', (text) => {
    expect(refusedAt(`{"a":[${text}]}`)).toBeUndefined();
    expect(refusedAt(`[ ${text} , 1 ]`)).toBeUndefined();
  });

  it.each([
    ...['9007199254740993', '-9007199254740993', '9007199254740993.0', '900719925474099300e-2', '12345678901234567890'],
    ...['0.1000000000000000055511151231257827', '0.10000000000000001', '1.00000000000000001', '123456789.123456789'],
    ...['1e400', '-1e400', '1E-400', '-1e-400', '4e-324', '1e99999999999999999999', '1e-99999999999999999999'],
    ...['-0', '-0.0', '-0.000', '-0e0', '-0.0E+5'],
  ])('%s is refused by its path', (text) => {
    for (const space of ['', ' ', '\n\t']) {
      expect(refusedAt(`{"a":[1,${space}${text}${space}],"b":2}`)).toBe('a.1');
      expect(refusedAt(`{"\\"x\\\\":"-0 \\\\\\" 1e400","b":${space}${text}}`)).toBe('b');
    }
  });

  it.each(['"9007199254740993"', '"[-0,1e400]"', '"\\\\",[-0.5,"\\",-0"]', '":-0,\\\\\\"",1', '"\\u0022,-0",2'])(
    'in a string is text: %s',
    (text) => expect(decodeJson(`[${text}]`)).toEqual(JSON.parse(`[${text}]`)),
  );

  it('is taken exactly if it is written back as the same value', () => {
    fc.assert(
      fc.property(fc.oneof(token, double), (text) => {
        const value = Number(text);
        const isExact = Number.isFinite(value) && !Object.is(value, -0) && isSame(text, String(value));
        expect(isCarried(text)).toBe(isExact);
        expect(refusedAt(`{"a":{"b":${text}}}`)).toBe(isExact ? undefined : 'a.b');
      }),
      { numRuns: 2_000 },
    );
  });

  it('that JavaScript writes is always taken', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 4 }), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(decodeJson(text)).toEqual(JSON.parse(text));
        expect(refusedAt(text) === undefined || /__proto__|constructor|prototype/.test(text)).toBe(true);
      }),
    );
  });

  it('is read in one pass, whatever is around it', () => {
    const size = 1_000_000;
    const texts = [`[-0.${'0'.repeat(size)}1]`, `[${'1'.repeat(size)}]`, `["${'\\\\'.repeat(size)}",-0]`];
    texts.push(`["${'\\"'.repeat(size)}",-0]`, JSON.stringify([':-0.00000,1234567'.repeat(size / 16), 1e300]));
    for (const text of texts) expect(() => decodeJson(text)).not.toThrow();
  });

  it('tells where the text is at fault, not where a number was', () => {
    expect(() => decodeJson('{"a":-0,"b":}')).toThrow(expect.objectContaining({ code: 'invalid_json' }));
  });
});

describe('a long text', () => {
  const { jsonDepth, jsonNodes } = DEFAULT_LIMITS;
  const long = 'x'.repeat(40_000);
  const decoded = (text: string): unknown => decodeJson(text, DEFAULT_LIMITS);

  it.each<[string, string]>([
    ['deeper than the bound', `["${long}",${'['.repeat(jsonDepth)}${']'.repeat(jsonDepth)}]`],
    ['more values than the bound, in an array', `["${long}"${',1'.repeat(jsonNodes - 1)}]`],
    ['more values than the bound, each in an object', `["${long}"${',{"a":1}'.repeat(jsonNodes / 2)}]`],
    ['many and no end', '['.repeat(1_000_000)],
  ])('is refused without being decoded when it has %s', (_what, text) => {
    const parse = jest.spyOn(JSON, 'parse');
    expect(() => decoded(text)).toThrow(expect.objectContaining({ code: 'too_complex' }));
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });

  it.each<[string, string]>([
    ['as deep as the bound', `["${long}",${'['.repeat(jsonDepth - 1)}${']'.repeat(jsonDepth - 1)}]`],
    ['as many values as the bound', `["${long}"${',1'.repeat(jsonNodes - 2)}]`],
    ['text that looks like more', `["${long}","${'[,{'.repeat(jsonNodes)}\\"${',['.repeat(jsonNodes)}"]`],
    ['nothing in many', `["${long}",[ ],{\n}]`],
  ])('is decoded when it has %s', (_what, text) => {
    expect(decoded(text)).toEqual(JSON.parse(text));
  });

  it.each(['["', '["\\', `{"a":"${'\\"'.repeat(9)}`])('that ends within a string is no JSON: %s', (end) => {
    expect(() => decoded(`["${long}",${end}`)).toThrow(expect.objectContaining({ code: 'invalid_json' }));
  });

  it('is refused as it is when it is decoded', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 9 }), fc.nat(9), fc.nat(40), (value, depth, nodes) => {
        const limits = { jsonDepth: depth, jsonNodes: nodes + 2 };
        const all = [long, value];
        const isRefused = checkJson(all, limits)?.code === 'too_complex';
        const decode = (): unknown => decodeJson(JSON.stringify(all, null, 1), limits);
        if (isRefused) expect(decode).toThrow(expect.objectContaining({ code: 'too_complex' }));
        else expect(decode).not.toThrow();
      }),
    );
  });
});
