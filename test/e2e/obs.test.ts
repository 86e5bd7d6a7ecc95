import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KillableServer } from './chaos/killable-server.ts';
import {
  broadcastOf,
  downloadRecordings,
  untilElapsed,
  untilNoted,
  untilState,
} from './support/broadcast-state.ts';
import { countDecodedFrames, probePackets } from './support/ffprobe.ts';
import { freePort } from './support/free-port.ts';
import { ObsStudio } from './support/obs-studio.ts';
import { newStreamKey } from './support/publish-file.ts';

const FPS = 30;
const LEAST_SENT = 0.5;

let folder = '';
let port = 0;
let server: KillableServer;
let obs: ObsStudio | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-obs-test-'));
  port = await freePort();
  server = await KillableServer.start({
    HEADWATER_INGEST_RTMP_ENABLED: 'true',
    HEADWATER_INGEST_RTMP_PORT: String(port),
    HEADWATER_BROADCAST_RECONNECT_GRACE: '15000',
  });
});

afterAll(async () => {
  await obs?.kill();
  expect(await server?.close()).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

it('OBS goes live with the stream key alone, and comes back by itself when the server was killed: one recording', async () => {
  const streamKey = await newStreamKey(server.now);
  obs = await ObsStudio.start({ server: `rtmp://127.0.0.1:${port}/live`, streamKey });
  await untilState(server.now, 'main', 'live');
  await untilNoted(server.data);
  const before = await broadcastOf(server.now, 'main');
  expect(before?.tracks.map(({ codec }) => codec)).toEqual([expect.stringMatching(/^avc1\./), 'mp4a.40.2']);
  await server.kill();
  await server.restart();
  await untilState(server.now, 'main', 'live');
  const after = await broadcastOf(server.now, 'main');
  expect([after?.id, after?.recording]).toEqual([before?.id, before?.recording]);
  const length = (after?.elapsed ?? 0) + 4000;
  await untilElapsed(server.now, 'main', length);
  await obs.kill();
  await untilState(server.now, 'main', 'interrupted');
  await untilState(server.now, 'main', 'offline');
  const recorded = await downloadRecordings(server.now, 'main', folder);
  expect(recorded).toHaveLength(1);
  const [file = ''] = recorded;
  const frames = await countDecodedFrames(file);
  expect(frames).toBe((await probePackets(file, 'video')).length);
  // OBS leaves out pictures where its encoder does not keep up, and no sound.
  expect(frames).toBeGreaterThan(((length - 500) / 1000) * FPS * LEAST_SENT);
  // Packets of AAC have 1024 samples.
  expect((await probePackets(file, 'audio')).length).toBeGreaterThan(
    ((length - 500) / 1000) * (48_000 / 1024),
  );
});
