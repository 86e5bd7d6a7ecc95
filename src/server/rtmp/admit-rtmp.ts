import type { AdmittedPublisher } from '../../ingest/rtmp/rtmp-publisher.ts';
import { parseStreamName, type StreamName } from '../../ingest/rtmp/stream-name.ts';
import { PublishError } from '../../ingest/session/publish-error.ts';
import { isChannelName } from '../../wire/channel-name.ts';
import { networkOf } from '../../wire/network-of.ts';
import type { Services } from '../services.ts';
import { KeyCheck } from '../websocket/admit-publisher.ts';

/** What admitting needs. */
type AdmissionServices = Pick<Services, 'store' | 'channels' | 'streamKeys' | 'keyFailures'>;

/**
 * Finds the channel that a stream's name has the key of. Wrong keys are counted as they are over WebSocket; a key without a
 * channel counts for its address alone. Throws PublishError `unauthorized`, in the same words whatever was wrong.
 */
export async function admitRtmp(
  services: AdmissionServices,
  streamName: string,
  peer: string,
): Promise<AdmittedPublisher> {
  const network = networkOf(peer);
  const stream = parseStreamName(streamName);
  const name = stream && (await findChannel(services, stream, network));
  // Last of all that is waited for: a channel that is deleted or renamed meanwhile must not come to life again.
  const record = name === undefined ? undefined : await services.store.channels.find(name);
  if (!stream || !record) throw unauthorized();
  return { channel: services.channels.open(record), takeover: stream.takeover };
}

async function findChannel(
  { store, streamKeys, keyFailures: failures }: AdmissionServices,
  { channel, key }: StreamName,
  network: string,
): Promise<string | undefined> {
  if (channel !== undefined && !isChannelName(channel)) return undefined;
  const source = channel === undefined ? network : `${network} ${channel}`;
  const wait = failures.wait(source);
  if (wait > 0) throw new PublishError('unauthorized', `Too many wrong stream keys. Try again in ${wait} s.`);
  const name = channel ?? (await store.channels.nameByKey(streamKeys.digest(key)));
  const stored = name === undefined ? undefined : await store.channels.key(name);
  // Also where there is no such channel: what is wrong takes as long, and counts.
  const isRight = new KeyCheck({ streamKeys, failures }, stored?.hash ?? NO_HASH, source).matches(key);
  return isRight ? name : undefined;
}

/** The digest of no key. */
const NO_HASH = '0'.repeat(64);

const unauthorized = () =>
  new PublishError(
    'unauthorized',
    'The stream key is missing or wrong: use that of the channel, or {channel}?key={stream key}.',
  );
