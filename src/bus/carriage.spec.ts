import { describe, expect, it } from '@jest/globals';
import { Gate } from '../../test/support/gate.js';
import { Carriage } from './carriage.js';
import type { Carried, NodeMessage } from './messages.js';

const HINT = { tenant: 'acme', seq: 1 };

describe('what travels with hints', () => {
  const sized = (size: number): Carried => [{ size }] as unknown as Carried;

  function carriage({ maxChars = 10_000, carries = true, passed = Promise.resolve() } = {}) {
    const sent: string[] = [];
    const textOf = ({ type }: NodeMessage): string => type;
    const send = (text: string): Promise<void> => (sent.push(text), passed);
    return { sent, carried: new Carriage({ textOf }, { carries, maxChars }, send) };
  }

  it('is what is small, where the transport carries anything', () => {
    const { sent, carried } = carriage();
    expect([carried.carry(HINT, sized(16_384)), carried.carry(HINT, sized(16_385))]).toEqual([true, false]);
    expect(sent).toEqual(['committed']);
    expect(carriage({ carries: false }).carried.carry(HINT, sized(1))).toBe(false);
    expect(carriage({ maxChars: 'committed'.length - 1 }).carried.carry(HINT, sized(1))).toBe(false);
  });

  it('is nothing more while much of it is under way', async () => {
    const gate = new Gate();
    const { carried } = carriage({ passed: gate.pass() });
    const many = Array.from({ length: 17 }, () => carried.carry(HINT, sized(1)));
    expect(many.filter(Boolean)).toHaveLength(16);
    gate.open();
    await new Promise(setImmediate);
    expect(carried.carry(HINT, sized(1))).toBe(true);
  });
});
