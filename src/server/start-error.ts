/** The server cannot start, in words for the person who started it. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code:
    | 'port-in-use'
    | 'address-unusable'
    | 'data-unusable'
    | 'restream-unusable'
    | 'certificate-unusable';

  constructor(code: StartError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
