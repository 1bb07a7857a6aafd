import { createRequire } from 'node:module';
import type * as regexpp from '@eslint-community/regexpp';
import type { AST } from '@eslint-community/regexpp';

/** Longer texts are not reckoned. */
const MAX_CHARS = 512;
/** Beyond it a number is only large. */
const LARGE = 1e15;
/** A repetition that may end so often is taken for one without an end. */
const MAX_POWERS = 16;
/** What has one repetition, and so many characters besides, looks at each character a few times. */
const MAX_FIXED = 64;

/** What a part of a pattern may do at the worst, in a text of which each character may match each part, and all is in vain. */
interface Effort {
  /** In how many ways it matches so many characters. */
  readonly ways: readonly number[];
  /** How many steps that takes where so many characters are left. */
  readonly steps: readonly number[];
}

const LENGTHS = Array.from({ length: MAX_CHARS + 1 }, (_, chars) => chars);
const table = (at: (chars: number) => number): number[] => LENGTHS.map((chars) => Math.min(at(chars), LARGE));

const NOTHING: Effort = { ways: table((chars) => (chars === 0 ? 1 : 0)), steps: table(() => 0) };
const PLACE: Effort = { ...NOTHING, steps: table(() => 1) };
const CHARACTER: Effort = { ways: table((chars) => (chars === 1 ? 1 : 0)), steps: table(() => 1) };
/** It matches what a group has matched, which may be as long as it likes. */
const BACK_REFERENCE: Effort = { ways: table(() => 1), steps: table((chars) => chars + 1) };

/**
 * How many steps a pattern may take at the most, by the characters of a text.
 * @returns undefined where it looks at each character of a text a few times at the most, however long that is.
 */
export function worstSteps(pattern: string): ((chars: number) => number) | undefined {
  const require = createRequire(import.meta.url);
  const { RegExpParser } = require('@eslint-community/regexpp') as typeof regexpp;
  const { alternatives } = new RegExpParser().parsePattern(pattern, undefined, undefined, { unicode: true });
  const isAnchored = alternatives.every(
    ({ elements: [first] }) => first?.type === 'Assertion' && first.kind === 'start',
  );
  if (isAnchored && looksOnce(alternatives)) return undefined;
  const { steps } = oneOf(alternatives);
  // each place of the text is a beginning
  let sum = 0;
  const all = isAnchored ? table((chars) => steps[chars]! + chars) : table((chars) => (sum += steps[chars]! + 1));
  return (chars) => all[chars] ?? Infinity;
}

/** One repetition at most, of a character, and no choice. */
function looksOnce(alternatives: readonly AST.Alternative[]): boolean {
  let repetitions = 0;
  let fixed = 0;
  const isPlain = (element: AST.Element): boolean => {
    if (element.type === 'Quantifier') {
      if (!CHARACTERS.has(element.element.type)) return false;
      fixed += element.min;
      if (element.max > element.min) repetitions += 1;
      return true;
    }
    if (element.type === 'Group' || element.type === 'CapturingGroup') return areOne(element.alternatives);
    fixed += 1;
    return CHARACTERS.has(element.type) || (element.type === 'Assertion' && !('alternatives' in element));
  };
  const areOne = ([only, ...others]: readonly AST.Alternative[]): boolean =>
    others.length === 0 && only!.elements.every(isPlain);
  return areOne(alternatives) && (repetitions === 0 || (repetitions === 1 && fixed <= MAX_FIXED));
}

const CHARACTERS: ReadonlySet<AST.Node['type']> = new Set(['Character', 'CharacterSet', 'CharacterClass'] as const);

function oneOf(alternatives: readonly AST.Alternative[]): Effort {
  const all = alternatives.map(({ elements }) => elements.map(effortOf).reduce(after, NOTHING));
  return all.reduce(({ ways, steps }, other) => ({
    ways: table((chars) => ways[chars]! + other.ways[chars]!),
    steps: table((chars) => steps[chars]! + other.steps[chars]! + 1),
  }));
}

function effortOf(element: AST.Element): Effort {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return oneOf(element.alternatives);
    case 'Quantifier':
      return repeated(effortOf(element.element), element.min, element.max - element.min);
    case 'Assertion':
      return 'alternatives' in element ? lookAround(element) : PLACE;
    case 'Backreference':
      return BACK_REFERENCE;
    default:
      return CHARACTER;
  }
}

/** One way out of it at the most; behind it may be all of the text. */
function lookAround({ kind, alternatives }: AST.LookaroundAssertion): Effort {
  const { steps } = oneOf(alternatives);
  return { ...NOTHING, steps: table((chars) => 1 + steps[kind === 'lookahead' ? chars : MAX_CHARS]!) };
}

/** One after the other. */
function after(first: Effort, second: Effort): Effort {
  return {
    ways: sums(() => 0, first.ways, second.ways),
    steps: sums((chars) => first.steps[chars]!, first.ways, second.steps),
  };
}

/** What a number begins with, and for each way of the first part what the second may do with what that leaves. */
function sums(begin: (chars: number) => number, ways: readonly number[], next: readonly number[]): number[] {
  const some = LENGTHS.filter((taken) => ways[taken] !== 0);
  return table((chars) => {
    let sum = begin(chars);
    for (const taken of some) {
      if (taken > chars) break;
      sum += ways[taken]! * next[chars - taken]!;
    }
    return sum;
  });
}

/** So often, which it may do with nothing, and up to so often more, each time with at least a character. */
function repeated(part: Effort, times: number, more: number): Effort {
  return after(power(part, times), more > MAX_POWERS ? endless(part) : atMost(part, more));
}

function power(part: Effort, times: number): Effort {
  if (times === 0) return NOTHING;
  const half = power(part, Math.floor(times / 2));
  const twice = after(half, half);
  return times % 2 === 0 ? twice : after(twice, part);
}

function atMost(part: Effort, times: number): Effort {
  const taking = [0, ...part.ways.slice(1)];
  let effort = NOTHING;
  for (let n = 0; n < times; n += 1) {
    const { ways, steps } = effort;
    effort = {
      ways: sums((chars) => NOTHING.ways[chars]!, taking, ways),
      steps: sums((chars) => 1 + part.steps[chars]!, taking, steps),
    };
  }
  return effort;
}

function endless(part: Effort): Effort {
  const taking = [0, ...part.ways.slice(1)];
  const ways: number[] = [];
  const steps: number[] = [];
  for (const chars of LENGTHS) {
    let [out, work] = [NOTHING.ways[chars]!, 1 + part.steps[chars]!];
    for (let taken = 1; taken <= chars; taken += 1) {
      out += taking[taken]! * ways[chars - taken]!;
      work += taking[taken]! * steps[chars - taken]!;
    }
    ways.push(Math.min(out, LARGE));
    steps.push(Math.min(work, LARGE));
  }
  return { ways, steps };
}
