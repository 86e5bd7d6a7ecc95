/** Publishing cannot go on. The code is the server's where the server said why. */
export class PublishFailure extends Error {
  override readonly name = 'PublishFailure';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
