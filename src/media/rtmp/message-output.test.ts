import { expect, it } from 'vitest';
import { ChunkStreamReader } from './chunk-stream-reader.ts';
import { MESSAGE, readNumberMessage } from './message.ts';
import { MessageOutput } from './message-output.ts';

it('acknowledges every window, in 32 bits that begin anew', () => {
  const said: number[] = [];
  const reader = new ChunkStreamReader((message) => {
    expect(message.type).toBe(MESSAGE.acknowledgement);
    said.push(readNumberMessage(message));
  });
  const output = new MessageOutput(
    (parts) => {
      for (const part of parts) reader.push(part);
    },
    8,
    2 ** 30,
  );
  for (let count = 0; count < 18; count += 1) {
    output.received(2 ** 29);
    output.acknowledge();
  }
  expect(said).toEqual(Array.from({ length: 9 }, (_, index) => ((index + 1) * 2 ** 30) % 2 ** 32));
});
