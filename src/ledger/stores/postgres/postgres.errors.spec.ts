import { describe, expect, it } from '@jest/globals';
import { AtomeError } from '../../../protocol/index.js';
import { StoreError } from '../../store-error.js';
import { PlanFailed, translate } from './postgres.errors.js';

/** As `pg` makes it of what the server says. */
const said = (code: string): Error => Object.assign(new Error('as the server says'), { code, severity: 'ERROR' });
/** As Node makes it. */
const failed = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' });

describe('an error of PostgreSQL', () => {
  it.each([
    '08000 08006 57P01 57P02 57P03 57014 57P05',
    '25006 25P02 25P03 25P04',
    '40001 40P01 55P03 55006 55000',
    '53000 53200 53300 53400 58000 58030 F0000 XX000 XX001 XX002 P0001',
    '28000 28P01 3D000 3F000 42501 42P01 42703',
    '26000 42P05 0A000',
  ])('of the database, such as %s, is unavailable', (codes) => {
    for (const code of codes.split(' ')) {
      const error = translate(said(code));
      expect([code, error]).toEqual([code, expect.any(StoreError)]);
      expect(error).toMatchObject({ code: 'unavailable', retryable: true });
      expect((error as Error).message).not.toContain('as the server says');
      expect((error as StoreError).line).toContain(`${code}: as the server says`);
    }
  });

  it('of a full disk is storage_full', () => {
    expect(translate(said('53100'))).toMatchObject({ code: 'storage_full', retryable: true });
  });

  it.each(['21000', '22P02', '22021', '23505', '23502', '42601', '42883', '54000', '54001'])(
    'of the statement, %s, is left as it is',
    (code) => {
      const error = said(code);
      expect(translate(error)).toBe(error);
    },
  );

  it.each(
    'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH EADDRNOTAVAIL ENOTFOUND EAI_AGAIN EAI_FAIL EMFILE CERT_HAS_EXPIRED ERR_TLS_CERT_ALTNAME_INVALID'.split(
      ' ',
    ),
  )('of the way to it, %s, is unavailable', (code) => {
    expect(translate(failed(code))).toMatchObject({ code: 'unavailable' });
  });

  it.each([
    'Connection terminated unexpectedly',
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
    'a text of a version to come',
  ])('of pg itself, "%s", is unavailable', (text) => {
    expect(translate(new Error(text))).toMatchObject({ code: 'unavailable' });
  });

  it('of several addresses is unavailable', () => {
    const all = Object.assign(new AggregateError([failed('ECONNREFUSED')], ''), { code: 'ECONNREFUSED' });
    expect(translate(all)).toMatchObject({ code: 'unavailable' });
  });

  it('of the program is left as it is, and so is what a plan throws', () => {
    const wrong = new TypeError('x is not a function');
    const plain = new Error('no plan');
    const refusal = new AtomeError('invalid', 'no');
    expect(translate(wrong)).toBe(wrong);
    expect(translate(refusal)).toBe(refusal);
    expect(translate(new PlanFailed(plain))).toBe(plain);
  });
});
