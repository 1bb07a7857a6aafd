import { readFileSync } from 'node:fs';

/** A call of a page of the documentation, and what it says of the answer. */
export interface HttpExample {
  readonly call: string;
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
  readonly status: number;
  readonly answer: object;
}

/** The blocks ` ```http ` of a page, in order: a line with the call, perhaps one with the body, one with the answer. */
export function httpExamples(page: string): HttpExample[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const calls = [...text.matchAll(/^```http\n(.*?)^```/gms)].flatMap(([, block]) => block!.trim().split('\n\n'));
  return calls.map((lines) => {
    const [call = '', ...rest] = lines.split('\n');
    const [method = '', path = ''] = call.split(' ');
    const [, status, answer] = /^(\d+) (.*)$/.exec(rest.pop()!)!;
    const body = rest[0] === undefined ? undefined : (JSON.parse(rest[0]) as object);
    return { call, method, path, body, status: Number(status), answer: JSON.parse(answer!) as object };
  });
}
