import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HANDSHAKE_RANDOM, Handshake } from './handshake.ts';
import { RtmpError } from './rtmp-error.ts';

const random = (byte: number) => new Uint8Array(HANDSHAKE_RANDOM).fill(byte);
const join = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

it('greets as §5.2 has it: version 3, a time, zeros and random bytes', () => {
  const [hello = new Uint8Array()] = new Handshake('client', random(7)).start();
  expect(hello).toHaveLength(1537);
  expect([...hello.subarray(0, 10)]).toEqual([3, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
  expect(new Handshake('server', random(7)).start()).toEqual([]);
});

it('comes to an end between a client and a server, in any slicing, and gives back what follows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4000 }), fc.uint8Array({ maxLength: 50 }), (slice, rest) => {
      const client = new Handshake('client', random(1));
      const server = new Handshake('server', random(2));
      const send = (to: Handshake, bytes: Uint8Array): Uint8Array => {
        const answers: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += slice)
          answers.push(...to.push(bytes.slice(at, at + slice)));
        return join(answers);
      };
      const answer = send(server, join(client.start()));
      expect(answer).toHaveLength(1 + 2 * 1536);
      const echo = send(client, answer);
      expect(client.done).toBe(true);
      // C2 is what S1 was, S2 what C1 was.
      expect(echo).toEqual(answer.subarray(1, 1537));
      expect(answer.subarray(1537 + 8)).toEqual(random(1));
      send(server, Uint8Array.of(...echo, ...rest));
      expect(server.done).toBe(true);
      expect(server.takeRest()).toEqual(rest);
    }),
    { numRuns: 30 },
  );
});

it('refuses what is not RTMP: a web server, a version that is none', () => {
  for (const first of ['HTTP/1.1 400', '\x00', '\xff']) {
    const bytes = Uint8Array.from(first, (letter) => letter.charCodeAt(0));
    expect(() => new Handshake('client', random(1)).push(bytes)).toThrow(RtmpError);
  }
});
