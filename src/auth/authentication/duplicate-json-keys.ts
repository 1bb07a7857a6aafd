/**
 * Whether any object in a JSON text names a member twice. Readers differ in which of the two they take
 * (RFC 8259 §4), so what one of them has checked is not what another one uses.
 * @param json valid JSON.
 */
export function hasDuplicateKeys(json: string): boolean {
  const open: Set<string>[] = [];
  let text = '';
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}:]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (token !== ':') text = token;
    else {
      // a text before a colon is a name in the innermost object; the same name can be escaped in several ways
      const names = open.at(-1)!;
      const name = JSON.parse(text) as string;
      if (names.has(name)) return true;
      names.add(name);
    }
  }
  return false;
}
