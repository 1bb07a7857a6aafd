import { describe, expect, it } from '@jest/globals';
import { refusal } from '../../test/support/refusal.js';
import { parseAsOfPoint } from './as-of.js';

const sentenceOf = (text: string): string => {
  try {
    return JSON.stringify(parseAsOfPoint(text, 'from'));
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a moment', () => {
  it.each([
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T23:59:59Z', '2000-02-29T23:59:59.000Z'],
    ['2026-01-31T12:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00+01:00', '2026-01-31T11:00:00.000Z'],
    ['2026-01-01T00:30:00+23:59', '2025-12-31T00:31:00.000Z'],
    ['2026-12-31T23:59:59.123456789-00:30', '2027-01-01T00:29:59.123Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ])('%s is a time', (text, time) => {
    expect(parseAsOfPoint(text, 'from')).toEqual({ time });
  });

  it.each(['0', '17', '999999999999999'])('%s is a seq', (text) => {
    expect(parseAsOfPoint(text, 'from')).toEqual({ seq: Number(text) });
  });

  it.each([
    '2026-02-30',
    '2026-02-29',
    '1900-02-29T00:00:00Z',
    '2026-04-31T10:00:00Z',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '2026-01-32T00:00:00+01:00',
  ])('%s is no day of the calendar', (text) => {
    expect(sentenceOf(text)).toBe('from names a day that is not in the calendar');
  });

  it.each([
    ['2026-01-31T24:00:00Z', 'time of day'],
    ['2026-01-31T25:00Z', 'time of day'],
    ['2026-01-31T12:60:00Z', 'time of day'],
    ['2026-01-31T12:00:61Z', 'time of day'],
    ['2016-12-31T23:59:60Z', 'leap second'],
    ['2017-01-01T00:59:60.5+01:00', 'leap second'],
    ['2026-01-31T12:00:00+24:00', 'zone'],
    ['2026-01-31T12:00:00-01:60', 'zone'],
    ['2026-01-31T12:00:00 01:00', '%2B'],
    ['2026-01-31T12:00 02:00', '%2B'],
    ['2026-01-31T12:00:00.5 0100', '%2B'],
    ['9999-12-31T23:59:59-01:00', '9999'],
    ['0000-01-01T00:00:00+01:00', '0000'],
    ['2026-01-31T12:00:00', 'such as'],
    ['2026-01-31T12:00:00.1234567890Z', 'such as'],
    ['2026-01-31 12:00:00Z', 'such as'],
    ['31.01.2026', 'such as'],
    ['1e3', 'such as'],
    ['-1', 'such as'],
    ['', 'such as'],
  ])('%s is refused with a sentence that tells of the %s', (text, word) => {
    expect(refusal(() => parseAsOfPoint(text, 'from'))).toEqual(['invalid', 'from']);
    expect(sentenceOf(text)).toContain(word);
  });
});
