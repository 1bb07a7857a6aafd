/** Tells a measured figure, which no test decides by. */
export function report(figure: string): void {
  process.stderr.write(`  measured: ${figure}\n`);
}
