import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** One of the programs in `programs/`, which says line by line what it has done, and is meant to be killed. */
export class KilledProgram {
  private constructor(private readonly code: string) {}

  static async of(name: string): Promise<KilledProgram> {
    return new KilledProgram(await bundled(name));
  }

  /** Runs it until it has said enough, or to its end, and kills it. @returns what it said. */
  async run(args: readonly string[], enough: (said: readonly string[]) => boolean = () => false): Promise<string[]> {
    const child = spawn(process.execPath, ['--input-type=module', '-', ...args], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(this.code);
    const exited = once(child, 'close');
    const said: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      if (enough(said)) child.kill('SIGKILL');
    });
    await exited;
    return said;
  }
}

/** The code of one of the programs in `programs/`, for Node's standard input. */
export async function bundled(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${ROOT}test/support/programs/${name}.ts`],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    write: false,
  });
  return outputFiles[0]!.text;
}

/** Enough when so many lines were said. */
export const lines =
  (count: number): ((said: readonly string[]) => boolean) =>
  (said) =>
    said.length >= count;

/** What was said after a word. */
export function after(said: readonly string[], word: string): string[] {
  return said.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
}
