import type { Broadcast } from '../../channel/broadcast.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Clock } from '../../channel/clock.ts';
import type { Log } from '../../channel/log.ts';
import type { Track } from '../../media/track.ts';
import type { JournalFolder } from './journal-folder.ts';
import type { PublishLimits } from './publish-limits.ts';
import type { RecordingView } from './recording-view.ts';

/** What sessions have in common. */
export interface SessionHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PublishLimits;
  readonly journals: JournalFolder;
  /** Why a stream with such tracks cannot go on to that channel, in words for its publisher; undefined where it can. */
  refusalOf?(channel: Channel, tracks: readonly Pick<Track, 'codec'>[]): string | undefined;
  /** The recording of a broadcast that is on; undefined where none is made. */
  recordingOf(broadcast: Broadcast): RecordingView | undefined;
  /** Something of that broadcast is over: what nobody needs any more may go. */
  tidy(broadcast: string): Promise<void>;
}
