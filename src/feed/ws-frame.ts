/*
 * WebSocket frames (RFC 6455 §5.2) made once and written to many sockets. A server's frames are not masked,
 * so the same bytes serve every socket that has not negotiated compression.
 */

const FINAL_TEXT = 0x81;

/** Text as ready frames, side by side in one buffer. */
export function textFrames(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const total = lengths.reduce((sum, length) => sum + headerLength(length) + length, 0);
  const buffer = Buffer.allocUnsafe(total);
  let at = 0;
  texts.forEach((text, index) => {
    at = writeHeader(buffer, at, lengths[index]!);
    at += buffer.write(text, at);
  });
  return buffer;
}

/** The texts in a buffer of ready frames, for a socket that compresses each by itself. */
export function* framePayloads(frames: Buffer): Generator<Buffer> {
  for (let at = 0; at < frames.length;) {
    const short = frames[at + 1]!;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length =
      short < 126 ? short : short === 126 ? frames.readUInt16BE(at + 2) : Number(frames.readBigUInt64BE(at + 2));
    yield frames.subarray(at + header, at + header + length);
    at += header + length;
  }
}

function headerLength(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

function writeHeader(buffer: Buffer, at: number, length: number): number {
  buffer[at] = FINAL_TEXT;
  if (length < 126) {
    buffer[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    buffer[at + 1] = 126;
    return buffer.writeUInt16BE(length, at + 2);
  }
  buffer[at + 1] = 127;
  return buffer.writeBigUInt64BE(BigInt(length), at + 2);
}
