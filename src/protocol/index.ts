/* The contract between server and clients; it imports nothing from outside this folder. */
export * from './atome.js';
export { CloseCode, isFinalClose } from './close-codes.js';
export * from './errors.js';
export * from './fold.js';
export * from './hlc.js';
export * from './ids.js';
export * from './json.js';
export * from './json-patch.js';
export * from './limits.js';
export * from './merge-patch.js';
export * from './messages.js';
export * from './operations.js';
export * from './parse/body.js';
export * from './parse/message.js';
export * from './parse/mutate.js';
export { parseId, guardJson } from './parse/write-fields.js';
export * from './range.js';
export * from './version.js';
