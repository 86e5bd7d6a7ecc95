import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../channel/manual-clock.ts';
import { BacklogFullError } from '../publish/backlog.ts';
import { SpillBacklog, type SpillOptions } from './spill-backlog.ts';
import { type Vault, VaultError } from './vault.ts';

/** A vault that keeps what it is given, and does what it is asked later. */
class FakeVault implements Vault {
  readonly bytes = new Map<number, number>();
  writes = 0;
  released = 0;
  failure: VaultError | undefined;
  state: 'open' | 'closed' | 'discarded' = 'open';

  async write(offset: number, pieces: readonly Uint8Array[]): Promise<void> {
    this.writes += 1;
    await Promise.resolve();
    if (this.failure) throw this.failure;
    let at = offset;
    for (const piece of pieces) for (const byte of piece) this.bytes.set(at++, byte);
  }

  async read(offset: number, most: number): Promise<Uint8Array<ArrayBuffer>> {
    const found: number[] = [];
    for (let at = offset; at < offset + most && this.bytes.has(at); at += 1) {
      found.push(this.bytes.get(at) ?? 0);
    }
    if (found.length === 0) throw new VaultError('unavailable', `nothing at ${offset}`);
    return Uint8Array.from(found);
  }

  async release(offset: number): Promise<void> {
    this.released = offset;
    for (const at of this.bytes.keys()) if (at < offset) this.bytes.delete(at);
  }

  async close(): Promise<void> {
    if (this.state === 'open') this.state = 'closed';
  }

  async discard(): Promise<void> {
    this.state = 'discarded';
    this.bytes.clear();
  }

  get range(): string {
    const offsets = [...this.bytes.keys()];
    return offsets.length === 0 ? '' : `${Math.min(...offsets)}–${Math.max(...offsets) + 1}`;
  }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

function setUp(options: Partial<SpillOptions> = {}) {
  const vault = new FakeVault();
  const clock = new ManualClock();
  const backlog = new SpillBacklog({ vault, timing: clock, ...options });
  /** Time passes, and the vault does what it is asked meanwhile. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(Math.min(50, ms - passed));
      await settle();
    }
  };
  return { vault, clock, backlog, pass };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('a backlog that spills', () => {
  it('writes nothing of what is acknowledged soon', async () => {
    const { vault, clock, backlog, pass } = setUp();
    for (let piece = 0; piece < 50; piece += 1) {
      backlog.append(bytes(piece));
      await pass(100);
      backlog.release(piece - 2);
    }
    backlog.release(50);
    await pass(5000);
    expect(vault.writes).toBe(0);
    expect(clock.pending).toBe(0);
    await backlog.close(true);
    expect(vault.state).toBe('discarded');
  });

  it('has everything that is not acknowledged within a second where it outlives the tab', async () => {
    const { vault, backlog, pass } = setUp();
    for (let piece = 0; piece < 100; piece += 1) {
      backlog.append(bytes(piece));
      await pass(100);
      if (piece >= 10) expect(vault.bytes.size).toBeGreaterThanOrEqual(piece - 9);
    }
    await pass(1000);
    expect(vault.range).toBe('0–100');
  });

  it('writes at once when the page may be gone', async () => {
    const { vault, backlog } = setUp();
    backlog.append(bytes(1, 2));
    backlog.keepNow();
    await settle();
    expect(vault.range).toBe('0–2');
  });

  it('holds no more in memory than its bound, and reads the rest back', async () => {
    const { vault, backlog, pass } = setUp({ spare: 10 });
    for (let piece = 0; piece < 20; piece += 1) {
      backlog.append(bytes(piece * 2, piece * 2 + 1));
      await settle();
    }
    await pass(1000);
    vault.bytes.set(29, 99);
    vault.bytes.set(30, 99);
    // From the vault up to where memory begins, and no further.
    expect([...(await backlog.read(29, 100))]).toEqual([99]);
    expect([...(await backlog.read(30, 100))]).toEqual([30, 31]);
    expect([...(await backlog.read(0, 4))]).toEqual([0, 1, 2, 3]);
  });

  it('frees what is acknowledged', async () => {
    const { vault, clock, backlog, pass } = setUp({ spare: 2 });
    backlog.append(bytes(1, 2, 3));
    backlog.append(bytes(4, 5, 6));
    await pass(1000);
    backlog.release(4);
    await pass(250);
    expect(vault.range).toBe('4–6');
    expect([...(await backlog.read(4, 9))]).toEqual([5, 6]);
    await expect(backlog.read(3, 9)).rejects.toThrow(RangeError);
    backlog.release(6);
    await pass(250);
    expect(vault.range).toBe('');
    expect(clock.pending).toBe(0);
  });

  it('keeps all in memory while the disk is full, tries again, and fails by name when memory is full too', async () => {
    const { vault, backlog, pass } = setUp({ spare: 2, limit: 6 });
    vault.failure = new VaultError('quota', 'full');
    backlog.append(bytes(1, 2, 3));
    await pass(1000);
    backlog.append(bytes(4, 5, 6));
    expect(() => backlog.append(bytes(7))).toThrow(BacklogFullError);
    expect([...(await backlog.read(0, 9))]).toEqual([1, 2, 3]);
    const full = (() => {
      try {
        backlog.append(bytes(7));
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(full).toMatchObject({ code: 'backlog-full', diskFull: true });
    vault.failure = undefined;
    for (let turn = 0; turn < 12; turn += 1) {
      await pass(250);
    }
    expect(vault.range).toBe('0–6');
    backlog.append(bytes(7));
  });

  it('does not hammer a disk that is full', async () => {
    const { vault, backlog, pass } = setUp();
    vault.failure = new VaultError('quota', 'full');
    backlog.append(bytes(1));
    for (let turn = 0; turn < 100; turn += 1) {
      await pass(100);
    }
    expect(vault.writes).toBeLessThanOrEqual(6);
  });

  it('keeps the rest when it is closed to be sent another time, also what was not written yet', async () => {
    const { vault, clock, backlog } = setUp();
    backlog.append(bytes(1, 2, 3));
    backlog.release(1);
    const closed = backlog.close(true);
    backlog.append(bytes(4));
    await closed;
    expect(vault.state).toBe('closed');
    expect(vault.range).toBe('0–3');
    expect(vault.released).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('leaves nothing when it is closed for good', async () => {
    const { vault, clock, backlog, pass } = setUp();
    backlog.append(bytes(1, 2, 3));
    await pass(1000);
    await backlog.close();
    await backlog.close(true);
    expect(vault.state).toBe('discarded');
    expect(clock.pending).toBe(0);
  });

  it('goes on with what a tab left behind', async () => {
    const { vault, backlog, pass } = setUp({ kept: { start: 10, end: 13 } });
    await vault.write(10, [bytes(1, 2, 3)]);
    expect([backlog.start, backlog.end]).toEqual([10, 13]);
    expect([...(await backlog.read(11, 9))]).toEqual([2, 3]);
    backlog.release(12);
    await pass(250);
    expect(vault.range).toBe('12–13');
  });

  it('answers every byte that is not acknowledged, wherever it is', async () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), size: fc.nat(6) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), size: fc.nat(8) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), size: fc.nat(900) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('fill' as const), size: fc.nat(1) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const { vault, clock, backlog, pass } = setUp({ spare: 5 });
        for (const { do: what, size } of actions) {
          if (what === 'append') {
            backlog.append(Uint8Array.from({ length: size }, (_, index) => (backlog.end + index) & 255));
          } else if (what === 'release') backlog.release(backlog.start + size);
          else if (what === 'wait') await pass(size);
          else vault.failure = size ? new VaultError('quota', 'full') : undefined;
          await settle();
          for (let at = backlog.start; at < backlog.end; ) {
            const read = await backlog.read(at, 4);
            expect([...read]).toEqual([...read].map((_, index) => (at + index) & 255));
            at += read.byteLength;
          }
        }
        await backlog.close();
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
