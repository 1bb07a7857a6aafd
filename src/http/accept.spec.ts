import { describe, expect, it } from '@jest/globals';
import { preferredType } from './accept.js';

const JSON_TYPE = 'application/json';
const STREAM = 'text/event-stream';
const OFFERS = [JSON_TYPE, STREAM] as const;

describe('the type that a request likes best', () => {
  it.each<[accept: string | undefined, type: string]>([
    // as EventSource and its polyfills ask
    [STREAM, STREAM],
    ['Text/Event-Stream', STREAM],
    ['  text/event-stream  ', STREAM],
    ['text/event-stream;charset=utf-8', STREAM],
    ['text/event-stream; charset="UTF-8"', STREAM],
    ['text/event-stream, */*', STREAM],
    ['*/*, text/event-stream', STREAM],
    ['text/*', STREAM],
    ['TEXT/*;Q=0.1', STREAM],
    // nothing said, or all the same
    [undefined, JSON_TYPE],
    ['', JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['application/*', JSON_TYPE],
    // quality
    ['application/json, text/event-stream;q=0', JSON_TYPE],
    ['text/event-stream;q=0', JSON_TYPE],
    ['text/event-stream;q=0.000, */*', JSON_TYPE],
    ['*/*, application/json;q=0', STREAM],
    ['text/event-stream;q=0.1, application/json', JSON_TYPE],
    ['application/json;q=0.2, text/event-stream;q=0.3', STREAM],
    ['application/json;q=0.3;ext=1, text/*;q=0.9', STREAM],
    ['text/event-stream ; q=0.5 , application/json ; q=0.4', STREAM],
    ['text/*, text/event-stream;q=0', JSON_TYPE],
    ['text/*;q=0, text/event-stream', STREAM],
    ['*/*;q=0', JSON_TYPE],
    // of equal quality the first
    ['application/json, text/event-stream', JSON_TYPE],
    ['text/event-stream, application/json', STREAM],
    ['text/event-stream;q=1, application/json;q=1.000', STREAM],
    // nothing that there is
    ['application/xml', JSON_TYPE],
    ['text/event-stream-x', JSON_TYPE],
    ['xtext/event-stream', JSON_TYPE],
    ['text/event-stream;version=2', JSON_TYPE],
    ['text/event-stream;charset=latin1', JSON_TYPE],
    // what cannot be read
    ['text/event-stream;q=2', JSON_TYPE],
    ['text/event-stream;q=', JSON_TYPE],
    ['text/event-stream;q=-0.5', JSON_TYPE],
    ['text/event-stream;q=0.12345', JSON_TYPE],
    ['garbage', JSON_TYPE],
    ['text/event-stream garbage', JSON_TYPE],
    ['application/xml;note="text/event-stream, text/event-stream"', JSON_TYPE],
    ['application/xml;note="a\\"b, text/event-stream', JSON_TYPE],
    [',,;;q=,text/event-stream,', STREAM],
  ])('of %j is %s', (accept, type) => {
    expect(preferredType(accept, OFFERS)).toBe(type);
  });

  it('is found in time that grows with the header alone', () => {
    for (const part of ['a,', '"', '\\"', ';', 'a/b;', 'text/*;q=0.1,', '"a,']) {
      expect(preferredType(part.repeat(8_192), OFFERS)).toMatch(/json|event/);
    }
  }, 1_000);
});
