import type { Logger } from 'pino';
import type { RunningServer } from '../start-server.ts';

/** A clean stop takes no longer than this, in milliseconds. */
const STOP_TIMEOUT = 10_000;

/** One Ctrl-C arrives several times when npm and the terminal both pass it on: within this it counts once. */
const SAME_SIGNAL = 500;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Waits for Ctrl-C or a kill and stops the server cleanly; a second one ends the process at once. Answers the exit code. */
export async function untilStopped(server: RunningServer, logger: Logger): Promise<number> {
  await new Promise<void>((settle) => {
    let firstAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        logger.info({ signal }, 'stopping');
        settle();
      } else if (performance.now() - firstAt > SAME_SIGNAL) {
        process.exit(130);
      }
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
  });
  // It is left running: whatever still holds the process after a clean stop must not hold it for ever.
  setTimeout(() => {
    logger.error('stopping took too long');
    process.exit(1);
  }, STOP_TIMEOUT).unref();
  await server.close();
  return 0;
}
