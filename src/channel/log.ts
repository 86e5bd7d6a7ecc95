/** Where anything outside `server/` logs to; pino's logger is one. Never given a key, a token or media. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
