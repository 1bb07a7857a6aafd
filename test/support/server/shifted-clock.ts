/** Environment of a program whose clock is so many seconds ahead of that of the machine. */
export function clockAhead(seconds: number): { NODE_OPTIONS: string } {
  const program = `const Right = Date;
    globalThis.Date = class extends Right {
      static now() { return Right.now() + ${seconds * 1_000}; }
      constructor(...given) { if (given.length > 0) super(...given); else super(Date.now()); }
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
}
