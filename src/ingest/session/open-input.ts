import type { TrackEnds } from '../../channel/broadcast.ts';
import type { Channel } from '../../channel/channel.ts';
import type { PublicationOutcome } from '../../channel/publication.ts';
import { milliseconds } from '../../media/time.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionRecord } from './session-record.ts';
import { ToChannel } from './to-channel.ts';

/** What a session's stream goes to. */
export interface InputOptions {
  readonly channel: Channel;
  readonly host: SessionHost;
  readonly takeover: boolean;
  /** The channel is no longer held. Called from the event loop. */
  onClosed(outcome: PublicationOutcome): void;
}

/** Takes the channel for a session, new or as another process noted it. Throws ChannelBusyError. */
export function openInput(
  record: SessionRecord,
  { channel, host, takeover, onClosed }: InputOptions,
): ToChannel {
  const { title, namePrefix, checkpoint, captureDistance, broadcast, broadcastStartedAt } = record;
  const restored = checkpoint !== null;
  return new ToChannel(channel, {
    title: title ?? undefined,
    namePrefix: namePrefix ?? undefined,
    takeover,
    beginning: {
      id: broadcast,
      ...(restored && { startedAt: milliseconds(broadcastStartedAt) }),
      ...(restored && {
        position: milliseconds(checkpoint.position),
        ends: checkpoint.ends as TrackEnds | undefined,
      }),
    },
    limits: host.limits.demuxer,
    clock: host.clock,
    resume: restored ? { state: checkpoint.packager, made: checkpoint.made } : undefined,
    captureDistance: captureDistance ?? undefined,
    refusalOf: (tracks) => host.refusalOf?.(channel, tracks),
    onClosed,
  });
}
