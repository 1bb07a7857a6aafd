/** The database cannot be opened: one sentence with where it is and what to do, for whoever starts the server. */
export class OpenError extends Error {
  override readonly name = 'OpenError';

  constructor(
    message: string,
    override readonly cause?: unknown,
  ) {
    super(message);
    // where in the program it was noticed helps nobody
    this.stack = message;
  }
}
