import { expect, it } from 'vitest';
import { ChunkStreamWriter } from '../../media/rtmp/chunk-stream-writer.ts';
import { HANDSHAKE_RANDOM, Handshake } from '../../media/rtmp/handshake.ts';
import { MESSAGE, writeNumberMessage } from '../../media/rtmp/message.ts';
import { PublishProtocol } from './publish-protocol.ts';
import { parsePublishTarget } from './publish-target.ts';

/** A protocol whose server has shaken hands, what that server is to say next, and what it acknowledged so far. */
function connected() {
  const sent: Uint8Array[] = [];
  const acknowledged: number[] = [];
  const protocol = new PublishProtocol(
    parsePublishTarget('rtmp://example.org/live', 'key'),
    new Uint8Array(HANDSHAKE_RANDOM),
    {
      send: (parts) => void sent.push(...parts),
      ready: () => {},
      publishing: () => {},
      acknowledged: (count) => void acknowledged.push(count),
    },
  );
  const server = new Handshake('server', new Uint8Array(HANDSHAKE_RANDOM));
  protocol.start();
  for (const part of server.push(Buffer.concat(sent))) protocol.push(part);
  const writer = new ChunkStreamWriter();
  const acknowledge = (sequence: number) => {
    const message = writeNumberMessage(MESSAGE.acknowledgement, sequence);
    protocol.push(Buffer.concat(writer.write(2, message)));
  };
  return { acknowledge, acknowledged };
}

it('counts on where acknowledgements of 32 bits begin anew, again and again', () => {
  const { acknowledge, acknowledged } = connected();
  const quarter = 2 ** 30;
  for (let count = 1; count <= 9; count += 1) acknowledge((count * quarter) % 2 ** 32);
  expect(acknowledged).toEqual(Array.from({ length: 9 }, (_, index) => (index + 1) * quarter));
});

it('believes no acknowledgement that goes back', () => {
  const { acknowledge, acknowledged } = connected();
  for (const sequence of [5000, 4000, 5000, 6000]) acknowledge(sequence);
  expect(acknowledged).toEqual([5000, 5000, 6000]);
});
