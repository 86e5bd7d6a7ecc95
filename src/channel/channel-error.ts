import type { Milliseconds } from '../media/time.ts';

/** Another publisher holds the channel; the new one may ask to take over. */
export class ChannelBusyError extends Error {
  override readonly name = 'ChannelBusyError';
  readonly code = 'channel-busy';
  /** Wall clock at which the present publisher came. */
  readonly since: Milliseconds;

  constructor(since: Milliseconds) {
    super('The channel is live from another place. Take it over, or stop the other publisher first.');
    this.since = since;
  }
}
