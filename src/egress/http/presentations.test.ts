import { expect, it } from 'vitest';
import { Broadcast } from '../../channel/broadcast.ts';
import { DEFAULT_GROUP_BUFFER, Hub } from '../../channel/hub.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Epoch } from '../../media/chunk.ts';
import { bytes, milliseconds, ticks, timescale } from '../../media/time.ts';
import type { AudioTrack } from '../../media/track.ts';
import { Packager } from '../../package/packager.ts';
import { Presentations } from './presentations.ts';

const MILLISECONDS = timescale(1000);
const OPUS: AudioTrack = {
  ...{ kind: 'audio', codec: 'opus', codecString: 'opus', timescale: MILLISECONDS },
  ...{ configuration: Uint8Array.of(0, 2, 1, 56, 0, 0, 187, 128, 0, 0, 0), sampleRate: 48_000, channels: 2 },
};
const PACKET = Uint8Array.of(0xf8, 0xff, 0xfe);

it('go on with what stands in for a broadcast until the last of it is out, and are forgotten with their channel', async () => {
  const clock = new ManualClock();
  const standIns: Broadcast[] = [];
  const hub = new Hub({
    ...{ clock, newBroadcastId: () => 'b' },
    standIn: (source) => {
      const shown = new Broadcast(source.info, DEFAULT_GROUP_BUFFER);
      let last: Epoch | undefined;
      source.tap({
        epoch: (epoch) => {
          last = epoch;
          shown.startEpoch(epoch);
        },
        chunk: (chunk) => void (last && shown.push(last, chunk)),
        end: () => {},
      });
      standIns.push(shown);
      return shown;
    },
  });
  let ids = 0;
  const presentations = new Presentations({
    ...{ clock, newPresentationId: () => `p${ids++}` },
    limits: {
      ...{ segment: milliseconds(2000), part: milliseconds(200), window: milliseconds(16_000) },
      maxBytes: bytes(1_000_000),
    },
  });
  const channel = hub.open('main', { reconnectGrace: milliseconds(0) });
  const idOf = () => presentations.current('main', channel).id;
  const play = () => {
    const publication = channel.publish();
    const packager = new Packager({
      ...{ sink: publication, startAt: publication.position, firstEpoch: publication.nextEpoch },
      captureClock: { known: false, wallClock: () => clock.wall() },
    });
    packager.tracks([OPUS]);
    for (let time = 0; time < 9000; time += 20) {
      const dts = ticks(time);
      packager.sample(0, { dts, pts: dts, duration: ticks(0), keyframe: true, data: PACKET });
    }
    return publication;
  };
  const first = play();
  expect(idOf()).toBe('p0');
  first.end();
  expect(idOf()).toBe('p0');
  standIns[0]?.setState('ended');
  expect(idOf()).toBe('p0');
  const second = play();
  expect(idOf()).toBe('p1');
  second.end();
  // The first one ended less than a minute ago.
  expect(idOf()).toBe('p1');
  standIns[1]?.setState('ended');
  expect(idOf()).toBe('p1');
  presentations.forget('main');
  expect(idOf).toThrow(/not live/);
  expect(() => presentations.find('main', 'p1')).toThrow(/over/);
  presentations.close();
  hub.close();
});
