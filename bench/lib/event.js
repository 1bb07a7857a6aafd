/* What is written and sent: about 300 bytes of JSON for every peer. */

const FILLER = 'The quick brown fox jumps over the lazy dog. ';

/**
 * Text that brings a document to a size.
 * @param {number} bytes
 */
export function filler(bytes) {
  return FILLER.repeat(Math.ceil(bytes / FILLER.length)).slice(0, bytes);
}

const PEER_TEXT = filler(220);

/**
 * What peers send and store: 300 bytes as JSON. `n` counts from 1.
 * @param {number} n
 */
export function peerEvent(n) {
  return `{"n":${n},"id":"${eventId(n)}","kind":"note","title":"Note","text":"${PEER_TEXT}"}`;
}

/*
 * What is created here: with all that the server adds to it (times, owner, version, seq …) its event is rather larger
 * than that of the peers. The tables show the bytes of both.
 */
const OWN_TEXT = filler(40);

/**
 * `data` of an atome. @param {number} n
 */
export function ownData(n) {
  return `{"n":${n},"title":"Note","text":"${OWN_TEXT}"}`;
}

/**
 * The body of a REST create, as large for every peer; ids are the server's.
 * @param {number} n
 * @param {string} [text]
 */
export function createBody(n, text = PEER_TEXT) {
  return `{"kind":"note","data":{"n":${n},"title":"Note","text":"${text}"}}`;
}

const RUN = Date.now().toString(36);

/** Unlike any of an earlier run on the same ledger. @param {number} n */
export function eventId(n) {
  return `e-${RUN}-${process.pid}-${n}`;
}
