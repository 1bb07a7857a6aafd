/**
 * Signals that come within this of the first are the same one, in milliseconds: a terminal sends Ctrl-C to npm and to
 * this process, and npm passes it on.
 */
export const SAME_SIGNAL_MS = 100;
