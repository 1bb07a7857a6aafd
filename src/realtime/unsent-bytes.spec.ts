import { describe, expect, it } from '@jest/globals';
import { MemoryBudget } from '../auth/admission/memory-budget.js';
import { CloseCode } from '../protocol/index.js';
import { UnsentBytes } from './unsent-bytes.js';

interface Receiver {
  readonly socket: { readonly unsent: number; newest: Buffer | undefined; close(code: CloseCode): void };
}

describe('what clients have not taken', () => {
  const closed: string[] = [];
  const told: string[] = [];
  const receiver = (name: string, unsent: number, newest?: Buffer): Receiver => ({
    socket: { unsent, newest, close: (code) => void closed.push(`${name} ${code}`) },
  });
  const unsentTo = (...receivers: Receiver[]): UnsentBytes => {
    closed.length = told.length = 0;
    const unsent = new UnsentBytes(new Set(receivers), { warn: (_cause, line) => void told.push(line) });
    unsent.count();
    return unsent;
  };

  it('counts a frame once that many are sent, and all that one alone is', () => {
    const frame = Buffer.alloc(1_000);
    expect(unsentTo(receiver('a', 1_000, frame), receiver('b', 1_300, frame), receiver('c', 500)).bytes).toBe(1_800);
    expect(unsentTo(receiver('a', 1_000, frame), receiver('b', 1_000, Buffer.alloc(1_000))).bytes).toBe(2_000);
    // of one that is nearly taken what is left, and nothing is kept of what is taken
    const [nearly, all] = [receiver('a', 10, frame), receiver('b', 0, frame)];
    expect([unsentTo(nearly, all).bytes, nearly.socket.newest, all.socket.newest]).toEqual([10, frame, undefined]);
  });

  it('costs those their connection who have most to take, where there is no memory for it', () => {
    const unsent = unsentTo(receiver('a', 100), receiver('b', 5_000), receiver('c', 0), receiver('d', 900));
    const memory = new MemoryBudget(1_600);
    memory.register(unsent);
    expect(memory.hasRoom()).toBe(true);
    expect(closed).toEqual([`b ${CloseCode.NO_PROGRESS}`]);
    expect(unsent.bytes).toBe(1_000);
    expect(told).toEqual([expect.stringContaining('MEMORY_BUDGET')]);
  });

  it('costs nobody a connection while there is room', () => {
    const memory = new MemoryBudget(10_000);
    memory.register(unsentTo(receiver('a', 100), receiver('b', 5_000)));
    expect([memory.hasRoom(), closed, told]).toEqual([true, [], []]);
  });
});
