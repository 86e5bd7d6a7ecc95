import type { ReactElement } from 'react';
import { durationToken, formatDuration } from './format-duration.ts';

const MINUTE = 60_000;
/** From here on it is said. */
const WARN_WITHIN = 5 * MINUTE;

/** Says that the channel's longest duration is about to end the broadcast; null where nothing ends it. */
export function EndWarning({ remaining }: { remaining: number | null }): ReactElement | null {
  if (remaining === null || remaining > WARN_WITHIN) return null;
  const minutes = Math.ceil(remaining / MINUTE);
  return (
    <div className="notice" data-tone="warning">
      <p>
        The channel’s time limit ends this broadcast in{' '}
        <time dateTime={durationToken(remaining)}>{formatDuration(remaining)}</time>.
      </p>
      {/* Once a minute is enough to hear. */}
      <p role="alert" className="visually-hidden">
        The broadcast is ended in {minutes === 1 ? 'less than a minute' : `about ${minutes} minutes`}.
      </p>
    </div>
  );
}
