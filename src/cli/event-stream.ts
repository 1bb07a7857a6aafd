/** Server-sent events (WHATWG HTML, 9.2), as this server writes them. */
export async function* eventsOf(
  answer: Response,
): AsyncGenerator<{ event: string | undefined; data: string | undefined }> {
  let text = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
      );
      yield { event: fields.get('event'), data: fields.get('data') };
    }
  }
}
