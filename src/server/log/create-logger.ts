import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { REDACTED, redactText, SECRET_PATHS } from './redact.ts';

/** JSON lines on standard error, or on the given stream; secrets never get there. */
export function createLogger(
  level: string,
  stream: DestinationStream = destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: null,
      redact: { paths: SECRET_PATHS, censor: REDACTED },
      hooks: { streamWrite: redactText },
    },
    stream,
  );
}
