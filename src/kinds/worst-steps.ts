/** What stands for one character, and beginnings of groups, by what is looked at of them. */
const BACK_REFERENCE = /\\(?:[1-9]\d*|k<\w+>)/g;
const ESCAPED = /\\(?:[pPu]\{[^}]*\}|[^])/g;
const CHARACTERS = /\[[^\]]*\]/g;
const GROUP = /\(\?(?:[:=!]|<[=!]|<\w+>)/g;

/**
 * How many steps a pattern may take at the most, by the characters of a text: about as many as there are ways to match parts of it.
 * @returns undefined where it looks at a text once: one repetition at most, of a character, from the beginning on.
 */
export function worstSteps(pattern: string): ((chars: number) => number) | undefined {
  const plain = pattern
    .replace(BACK_REFERENCE, 'x*')
    .replace(ESCAPED, 'x')
    .replace(CHARACTERS, 'x')
    .replace(GROUP, '(');
  // of groups, where each character may be of as many parts
  const isNested = /\)[*+{]/.test(plain);
  const repetitions = count(plain.replace(/\{\d+\}/g, ''), /[*+?{]/g);
  const choices = count(plain, /\|/g);
  const starts = plain.startsWith('^') && !withoutGroups(plain).includes('|') ? 0 : 1;
  if (isNested) return (chars) => (chars + 1) ** starts * (repetitions + choices + 1) ** chars;
  if (repetitions + starts <= 1 && choices === 0) return undefined;
  return (chars) => 2 ** choices * placesOf(repetitions + starts, chars);
}

function withoutGroups(plain: string): string {
  const outer = plain.replace(/\([^()]*\)/g, 'x');
  return outer === plain ? plain : withoutGroups(outer);
}

function count(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0;
}

/** In how many ways so many repetitions may end in a text. */
function placesOf(repetitions: number, chars: number): number {
  let ways = 1;
  for (let n = 1; n <= repetitions; n += 1) ways *= (chars + n) / n;
  return ways;
}
