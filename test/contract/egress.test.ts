import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PLAY_PROTOCOL } from '../../src/wire/play.ts';
import { countDecodedFrames, probePackets } from '../e2e/support/ffprobe.ts';
import { fixturePath, PLAYABLE_FIXTURES, readFixture, readPieces } from './fixtures.ts';
import { TestPublisher } from './test-publisher.ts';
import { TestServer } from './test-server.ts';
import { eventually, TestSocket } from './test-socket.ts';

/** What an egress made of a channel's broadcasts. */
interface EgressDriver {
  /** An MP4 file for every stretch that has its own header; asked once the broadcast has ended. */
  files(): Promise<string[]>;
}

interface Egress {
  readonly name: string;
  open(server: TestServer, channel: string): Promise<EgressDriver>;
}

const viewer: Egress = {
  name: 'a viewer over WebSocket',
  async open(server, channel) {
    const socket = await TestSocket.open(server.playUrl(channel), PLAY_PROTOCOL);
    return {
      async files() {
        await socket.message('ended');
        const stretches: Buffer[][] = [];
        for (const message of socket.received) {
          if (Buffer.isBuffer(message)) stretches.at(-1)?.push(message);
          else if (message.type === 'tracks') stretches.push([]);
        }
        return stretches.map((messages, index) => {
          const path = join(server.folder, `viewer-${index}.mp4`);
          writeFileSync(path, Buffer.concat(messages));
          return path;
        });
      },
    };
  },
};

const recording: Egress = {
  name: 'a recording',
  async open(server) {
    return {
      async files() {
        await eventually(() => server.recordings.length > 0);
        await Promise.all(server.recordings.map(({ closed }) => closed));
        // In the order of their beginnings: which of two is finished first is the disk's business.
        const completed = server.catalog.told.filter((call) => call.startsWith('completed')).sort();
        return completed.map((call) => server.recordingPath(call.split(' ')[1] ?? ''));
      },
    };
  },
};

/** Frames and captured packets of each file, as ffprobe counts them: one of a byte only fills a hole (docs/decisions/0007). */
const countMedia = (paths: readonly string[]) =>
  Promise.all(
    paths.map(async (path) => {
      const [video, audio] = await Promise.all([probePackets(path, 'video'), probePackets(path, 'audio')]);
      return [video.length, audio.filter(({ size }) => size > 1).length];
    }),
  );

describe.each([viewer, recording])('$name', ({ open }) => {
  it.each(PLAYABLE_FIXTURES)('gets every frame of %s, each of which decodes', async (fixture) => {
    await using server = await TestServer.start();
    const egress = await open(server, 'main');
    const publisher = await TestPublisher.start(server);
    publisher.send(...readPieces(fixture));
    await publisher.end(readFixture(fixture).length);
    const files = await egress.files();
    const [expected = []] = await countMedia([fixturePath(fixture)]);
    expect(await countMedia(files)).toEqual([expected]);
    expect(await countDecodedFrames(files[0] ?? '')).toBe(expected[0]);
  });

  it('loses nothing over the cuts of a publisher', async () => {
    await using server = await TestServer.start();
    const egress = await open(server, 'main');
    const whole = readFixture('webm-vp9-opus.webm');
    const session = randomUUID();
    for (let cut = 0; cut < whole.length; cut += 100_000) {
      const publisher = await TestPublisher.start(server, { session });
      publisher.send(whole.subarray(publisher.offset, publisher.offset + 100_000));
      await publisher.settled();
      publisher.socket.cut();
      await eventually(() => server.channel('main').state === 'interrupted');
    }
    const last = await TestPublisher.start(server, { session });
    await last.end(whole.length);
    expect(await countMedia(await egress.files())).toEqual(
      await countMedia([fixturePath('webm-vp9-opus.webm')]),
    );
  });

  it('gets both stretches of a broadcast that changes its codec', async () => {
    await using server = await TestServer.start();
    const egress = await open(server, 'main');
    const first = await TestPublisher.start(server);
    first.send(...readPieces('webm-h264-opus.webm'));
    await first.settled();
    const second = await TestPublisher.start(server, { takeover: true });
    second.send(...readPieces('webm-vp9-opus.webm'));
    await second.end(readFixture('webm-vp9-opus.webm').length);
    const [before = [], after = []] = await countMedia(await egress.files());
    const [h264 = []] = await countMedia([fixturePath('webm-h264-opus.webm')]);
    const [vp9 = []] = await countMedia([fixturePath('webm-vp9-opus.webm')]);
    expect(after).toEqual(vp9);
    // The last frame and up to 100 ms of sound were still on their way when the channel was taken over.
    expect(before[0]).toBeGreaterThanOrEqual((h264[0] ?? 0) - 1);
    expect(before[1]).toBeGreaterThanOrEqual((h264[1] ?? 0) - 4);
  });

  it('survives a publisher whose media goes bad, with all that was good', async () => {
    await using server = await TestServer.start({ grace: 5000 });
    const egress = await open(server, 'main');
    const bad = await TestPublisher.start(server);
    bad.send(readFixture('webm-vp9-opus.webm').subarray(0, 200_000), Buffer.alloc(100_000, 0xff));
    expect(await bad.socket.closed).toMatchObject({ code: 4415 });
    server.clock.advance(5000);
    const files = await egress.files();
    const [counts = []] = await countMedia(files);
    expect(counts[0]).toBeGreaterThan(100);
    expect(await countDecodedFrames(files[0] ?? '')).toBe(counts[0]);
  });
});
