import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { writeCommand } from '../../media/rtmp/command.ts';
import {
  MESSAGE,
  type RtmpMessage,
  USER_CONTROL,
  writeNumberMessage,
  writeUserControl,
} from '../../media/rtmp/message.ts';
import type { DestinationError } from './destination-error.ts';
import { PublishConnection } from './publish-connection.ts';
import { parsePublishTarget } from './publish-target.ts';
import type { TimedMessage } from './splicer.ts';
import { TestRtmpServer } from './test-rtmp-server.ts';

const KEY = 'canary-91f2c7';

let clock: ManualClock;
let server: TestRtmpServer;
let socket: Socket;
let connection: PublishConnection;

beforeEach(async () => {
  clock = new ManualClock();
  server = await TestRtmpServer.start();
});

afterEach(async () => {
  connection.close();
  await connection.closed;
  await server.close();
  expect(clock.pending).toBe(0);
});

/** Connects and asks to publish. */
async function open(): Promise<void> {
  const target = parsePublishTarget(server.url, KEY);
  socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  await once(socket, 'connect');
  connection = new PublishConnection(socket, target, clock, {
    onReady: () => connection.publish(),
    onPublishing: server.notice,
  });
  void connection.closed.then(server.notice);
}

async function publish(): Promise<void> {
  await open();
  await server.until(() => server.connections.length > 0 && server.last.started);
}

const picture = (timestamp: number, size: number): TimedMessage => ({
  ...{ type: MESSAGE.video, timestamp, payload: Uint8Array.of(0x17, 1, 0, 0, 0), rest: new Uint8Array(size) },
  ...{ startsGroup: true, isConfiguration: false },
});

/** Sends so much media that the server has it; answers when it does. */
async function send(count: number, size: number): Promise<void> {
  const before = server.last.media.length;
  for (let index = 0; index < count; index += 1) connection.send(picture(index, size));
  await server.until(() => server.last.media.length >= before + count);
}

/** What the server says is taken note of before what it is asked next. */
async function hears(message: RtmpMessage): Promise<void> {
  const heard = once(socket, 'data');
  server.last.say(message);
  await heard;
}

const acknowledgement = (count: number) => writeNumberMessage(MESSAGE.acknowledgement, count);
const status = (code: string, level = 'status') =>
  writeCommand({ name: 'onStatus', transaction: 0, arguments: [null, { level, code }] }, 1);
const wrong = async (): Promise<Partial<DestinationError> | undefined> => await connection.closed;

describe('the end of a stream', () => {
  it('reaches a server that reads slowly and acknowledges meanwhile: all media, and that nothing follows', async () => {
    server.behaviour = { stuck: true, acknowledgeEvery: 64 * 1024 };
    await publish();
    for (let index = 0; index < 60; index += 1) connection.send(picture(index * 40, 25_000));
    connection.end();
    server.last.socket.resume();
    await server.until(() => server.open === 0);
    expect(server.last.media.length).toBe(60);
    expect(server.last.commands.slice(-2).map(({ name }) => name)).toEqual(['FCUnpublish', 'deleteStream']);
    expect(server.last.error).toBeUndefined();
    expect(await wrong()).toBeUndefined();
  });

  it('waits no longer than three seconds for a server that does not read', async () => {
    server.behaviour = { stuck: true };
    await publish();
    connection.send(picture(0, 1000));
    connection.end();
    clock.advance(2999);
    expect(socket.destroyed).toBe(false);
    clock.advance(1);
    expect(await wrong()).toBeUndefined();
    expect(socket.destroyed).toBe(true);
  });
});

describe('a server that acknowledges', () => {
  /** As a push does, twice a second. */
  const wait = (seconds: number) => {
    for (let tick = 0; tick < seconds * 2; tick += 1) {
      clock.advance(500);
      connection.check(clock.now());
    }
  };

  it('seldom is not stalled, however small its first step was', async () => {
    await publish();
    await hears(acknowledgement(3073));
    await send(100, 24_000);
    wait(30);
    await hears(acknowledgement(2_400_000));
    await send(100, 24_000);
    wait(30);
    await hears(acknowledgement(4_800_000));
    await send(200, 24_000);
    wait(30);
    expect(socket.destroyed).toBe(false);
  });

  it('twice at the beginning and then every 5 MB is not stalled', async () => {
    await publish();
    for (let count = 1; count <= 2; count += 1) {
      await send(10, 30_000);
      await hears(acknowledgement(count * 300_000));
    }
    await send(200, 24_000);
    wait(30);
    expect(socket.destroyed).toBe(false);
    await send(100, 24_000);
    wait(12);
    expect(await wrong()).toMatchObject({ code: 'stalled' });
  });

  it('as it is asked to, and then no more, is given up after 10 s', async () => {
    await publish();
    await send(1, 70_000);
    await hears(acknowledgement(70_000));
    await send(3, 100_000);
    wait(10);
    expect(socket.destroyed).toBe(false);
    wait(1);
    expect(await wrong()).toMatchObject({ code: 'stalled', fatal: false });
  });
});

describe('a server that refuses what it is asked by', () => {
  const refuse = (code: string) =>
    writeCommand({
      ...{ name: '_error', transaction: 5 },
      arguments: [null, { level: 'error', code, description: `about ${KEY}` }],
    });

  it('an error in answer to publish, is heard, in words without the key', async () => {
    server.behaviour = { publish: 'nothing' };
    for (const [code, fatal] of [
      ['NetStream.Publish.Denied', true],
      ['NetStream.Publish.BadName', false],
    ] as const) {
      await open();
      await server.until(() => server.connections.at(-1)?.commands.at(-1)?.name === 'publish');
      server.last.say(refuse(code));
      const error = await connection.closed;
      expect(error).toMatchObject({ code: 'publish-refused', fatal });
      expect(error?.message).toContain(`${code}: about ••••`);
      await server.until(() => server.open === 0);
      server.connections.length = 0;
    }
  });

  it('an error of that number while it takes the stream, is not taken for it', async () => {
    await publish();
    await hears(refuse('NetStream.Publish.Denied'));
    await send(2, 1000);
    expect(socket.destroyed).toBe(false);
  });
});

describe('a server that says that the stream is over', () => {
  it('while it is on, is left, to be tried again', async () => {
    await publish();
    await send(1, 1000);
    server.last.say(status('NetStream.Unpublish.Success'));
    expect(await wrong()).toMatchObject({ code: 'closed', fatal: false });
  });

  it('before it began, says nothing of this one', async () => {
    server.behaviour = { publish: 'nothing' };
    await open();
    await server.until(() => server.connections.at(-1)?.commands.at(-1)?.name === 'publish');
    await hears(status('NetStream.Unpublish.Success'));
    server.last.say(status('NetStream.Publish.Start'));
    server.last.say(status('NetStream.Unpublish.Success'));
    expect(await wrong()).toMatchObject({ code: 'closed' });
  });
});

describe('a server that talks without end', () => {
  const talk = (): RtmpMessage => ({
    ...{ type: MESSAGE.dataAmf0, streamId: 0, timestamp: 0, payload: new Uint8Array(64_000) },
  });

  it('is left when it says more than 8 MiB in a minute', async () => {
    await publish();
    for (let count = 0; count < 140; count += 1) server.last.say(talk());
    expect(await wrong()).toMatchObject({ code: 'not-rtmp' });
  });

  it('may say much in a long time', async () => {
    await publish();
    for (let minute = 0; minute < 3; minute += 1) {
      for (let count = 0; count < 70; count += 1) server.last.say(talk());
      server.last.started = false;
      server.last.say(writeUserControl({ event: USER_CONTROL.pingRequest, value: minute }));
      await server.until(() => server.last.started);
      clock.advance(60_000);
    }
    await send(2, 1000);
    expect(socket.destroyed).toBe(false);
  });
});
