import { PublishError, type PublishErrorCode } from './publish-error.ts';

/** Nothing can follow in that session, and nobody can say more of it. */
export const sessionOver = () => new PublishError('session-over', 'That session is over. Start another one.');

/** Its id is known, of another channel. */
export const sessionElsewhere = () =>
  new PublishError('session-elsewhere', 'That session belongs to another channel. Start another one.');

/** For the connection that a session had until now. */
export const sessionResumed = () =>
  new PublishError('session-resumed', 'This session goes on over another connection of its publisher.');

/** Nobody came within the grace. */
export const sessionExpired = () =>
  new PublishError('session-expired', 'The publisher was away for too long: its broadcast has ended.');

/** Another publisher asked for the channel. */
export const takenOver = () => new PublishError('taken-over', 'Another publisher took the channel over.');

/** Whoever held the channel goes with it. */
export const channelClosed = () => new PublishError('channel-closed', 'The channel was closed.');

/** `recording`: what is left of the broadcast. */
export const tooLong = (recording: string | undefined) =>
  new PublishError('max-duration', 'The broadcast is as long as its channel allows, and was ended.', {
    recording,
  });

/** Bytes came for a session whose stream is complete. */
export const nothingMayFollow = () =>
  new PublishError('bad-message', 'The session has ended: nothing may follow.');

/** The publisher counts other bytes than those that came. */
export const badLength = (said: number, received: number) =>
  new PublishError('bad-length', `The stream was said to have ${said} bytes, but ${received} came.`);

/** In bits a second. */
export const bitrateExceeded = (limit: number) =>
  new PublishError('bitrate-exceeded', `The stream has more than ${limit / 1_000_000} Mbit/s.`);

/** What a publisher is told that comes back to a session which is over: only what it cannot mend is repeated. */
export function resumeError(over: PublishError): PublishError {
  return over.code === 'storage-failed' || over.code === 'internal' ? sessionOver() : over;
}

/** What a session was over for that may have sent less than its publisher has. */
const MAY_HAVE_MORE: readonly PublishErrorCode[] = [
  'taken-over',
  'session-expired',
  'storage-failed',
  'internal',
];

/** Whether the publisher of a session that is over for this may have more of it. */
export const mayHaveMore = ({ code }: PublishError): boolean => MAY_HAVE_MORE.includes(code);
