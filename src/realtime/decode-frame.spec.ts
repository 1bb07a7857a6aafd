import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../protocol/index.js';
import { decodeFrame, TooComplexFrame } from './decode-frame.js';

const MANY = `[${'1,'.repeat(100_000)}1]`;
const decoded = (frame: string): unknown => decodeFrame(frame, DEFAULT_LIMITS);

describe('a frame that holds too much', () => {
  it.each<[string, string, unknown]>([
    ['a write', `{"type":"mutate","opId":"op-1", "data": ${MANY}}`, { type: 'mutate', opId: 'op-1' }],
    ['another message', `{"type":"presence","state":${MANY}}`, { type: 'presence' }],
    ['what is no message', MANY, {}],
  ])('is refused by what it begins with: %s', (_what, frame, head) => {
    expect(() => decoded(frame)).toThrow(TooComplexFrame);
    expect(() => decoded(frame)).toThrow(expect.objectContaining({ head }));
  });

  it.each<[string, string]>([
    ['a name behind it', `{"type":"mutate","data":${MANY},"opId":"op-1"}`],
    ['a type behind it', `{"data":${MANY},"type":"mutate","opId":"op-1"}`],
    ['a bracket in a name', `{"type":"mutate","reason":"[","data":${MANY},"opId":"op-1"}`],
  ])('is decoded where it has %s: its sender is told by that', (_what, frame) => {
    expect(decoded(frame)).toMatchObject({ type: 'mutate', opId: 'op-1' });
  });
});
