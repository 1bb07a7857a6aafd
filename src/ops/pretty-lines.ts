import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** By pino's number of a level, rounded down to ten. */
const LEVELS: Readonly<Record<number, readonly [word: string, style: Style]>> = {
  10: ['trace', 'gray'],
  20: ['debug', 'gray'],
  30: ['info', 'green'],
  40: ['warn', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', 'red'],
};

interface Line {
  readonly time: number;
  readonly level: number;
  readonly context?: string;
  readonly msg?: string;
  readonly stack?: string;
  readonly err?: { readonly stack?: string };
  readonly [field: string]: unknown;
}

/** What pino writes as JSON, as people read it: for a terminal. */
export class PrettyLines {
  constructor(private readonly out: Pick<NodeJS.WritableStream, 'write'>) {}

  write(json: string): void {
    this.out.write(`${prettyLine(JSON.parse(json) as Line)}\n`);
  }
}

function prettyLine({ time, level, context = '', msg = '', stack, err, ...fields }: Line): string {
  const [word, style] = LEVELS[level] ?? ['?', 'gray'];
  const { pid: _pid, hostname: _hostname, ...rest } = fields;
  const pairs = Object.entries(rest).map(([name, value]) => `${name}=${plain(value)}`);
  const at = new Date(time).toTimeString().slice(0, 8);
  const said = [styleText('gray', at), styleText(style, word.padEnd(5)), styleText('cyan', context), msg];
  const line = [...said, pairs.length > 0 ? styleText('gray', pairs.join(' ')) : ''].filter((each) => each !== '');
  return [line.join(' '), stack ?? err?.stack].filter((each) => each).join('\n');
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
