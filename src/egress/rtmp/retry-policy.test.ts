import { expect, it } from 'vitest';
import { milliseconds } from '../../media/time.ts';
import { DestinationError, type DestinationErrorCode } from './destination-error.ts';
import { type FailedAttempt, RetryPolicy } from './retry-policy.ts';

const attempt = (code: DestinationErrorCode, rest: Partial<FailedAttempt> = {}): FailedAttempt => ({
  ...{ error: new DestinationError(code, `${code}.`), now: milliseconds(0) },
  ...{ refused: false, liveFor: undefined, ...rest },
});
const next = (policy: RetryPolicy, failed: FailedAttempt) => {
  const answer = policy.next(failed, 0.5);
  return answer instanceof DestinationError ? answer.code : answer;
};

it('waits ever longer, and not at all after a connection that was well', () => {
  const policy = new RetryPolicy();
  const delays = Array.from({ length: 7 }, () => next(policy, attempt('unreachable')));
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  policy.succeeded();
  expect(next(policy, attempt('closed', { liveFor: 9999 }))).toBe(30_000);
  expect(next(policy, attempt('closed', { liveFor: 10_000 }))).toBe(0);
});

it('ends at once what trying again cannot help, and after three what is closed when it is published to', () => {
  const fatal = new DestinationError('connect-refused', 'No.', true);
  expect(next(new RetryPolicy(), attempt('closed', { error: fatal }))).toBe('connect-refused');
  const policy = new RetryPolicy();
  const answers = [true, false, true, true].map((refused) => next(policy, attempt('closed', { refused })));
  expect(answers).toEqual([1000, 2000, 4000, 'publish-refused']);
});

it('tries a key that is in use for a minute', () => {
  const policy = new RetryPolicy();
  const at = (now: number) =>
    next(policy, attempt('publish-refused', { now: milliseconds(now), refused: true }));
  expect([5000, 7000, 9000, 64_999].map(at)).toEqual([1000, 2000, 4000, 8000]);
  expect(at(65_000)).toBe('publish-refused');
});

it('never gives up what was live once', () => {
  const policy = new RetryPolicy();
  policy.succeeded();
  const fatal = new DestinationError('publish-refused', 'No.', true);
  for (let count = 0; count < 9; count += 1)
    expect(next(policy, attempt('closed', { error: fatal, refused: true }))).toBeGreaterThan(0);
});
