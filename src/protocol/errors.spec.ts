import { describe, expect, it } from '@jest/globals';
import { CloseCode, isFinalClose } from './close-codes.js';
import { AtomeError, ERRORS, invalid, type ErrorCode } from './errors.js';

describe('an error', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('%s crosses the wire with all that a client decides by', (code) => {
    const error = new AtomeError(code, 'do something else', { version: 3 });
    expect(error).toBeInstanceOf(Error);
    expect(error.toBody()).toEqual({
      code,
      message: 'do something else',
      ...ERRORS[code],
      details: { version: 3 },
    });
  });

  it('has no details when there are none', () => {
    expect(new AtomeError('gone', 'restore it').toBody()).not.toHaveProperty('details');
  });

  it('is worth repeating only when the server is at fault or busy', () => {
    for (const { status, retryable } of Object.values(ERRORS)) {
      expect(retryable).toBe(status === 429 || status >= 500);
    }
  });

  it('names every bad field', () => {
    const error = invalid([
      { path: 'kind', message: 'is required' },
      { path: '', message: 'must be an object' },
    ]);
    expect(error.code).toBe('invalid');
    expect(error.message).toBe('kind is required; the value must be an object');
    expect(error.details).toEqual({
      errors: [
        { path: 'kind', message: 'is required' },
        { path: '', message: 'must be an object' },
      ],
    });
  });

  it('does not grow with what was sent', () => {
    const issues = Array.from({ length: 10_000 }, (_, i) => ({
      path: `${'x'.repeat(1_000)}${i}`,
      message: 'is unknown',
    }));
    expect(JSON.stringify(invalid(issues).toBody()).length).toBeLessThan(20_000);
  });
});

describe('a close', () => {
  it('is final for refusals, except those that a new token or a new try can cure', () => {
    const final = Object.values(CloseCode).filter(isFinalClose);
    expect(final).toEqual([CloseCode.FORBIDDEN, CloseCode.TOO_MANY]);
  });
});
