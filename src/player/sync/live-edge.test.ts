import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { milliseconds as ms } from '../../media/time.ts';
import { LiveEdge, type SeekCause } from './live-edge.ts';

const FRAME = 1000 / 30;
const SOUND = 120;
const STEP = 10;
/** As Chromium: it starts with this much sound ahead, and runs dry with less than that. */
const TO_START = 200;
const TO_GO_ON = 100;

interface Network {
  /** When a piece of media that was ready at that time is here. Pieces never overtake. */
  arrival(readyAt: number): number;
}

/** Media in bursts, a network and a browser's player, in steps of 10 ms; all times in ms. */
class Simulation {
  readonly edge = new LiveEdge();
  readonly seeks: SeekCause[] = [];
  readonly rates: number[] = [];
  stalls = 0;
  position = 0;
  now: number;
  frozen = false;
  /** The seek that is under way does not end by itself. */
  seeking = false;
  /** The player's own clock does not call. */
  asleep = false;
  ranges: { start: number; end: number }[] = [];
  readonly #network: Network;
  readonly #chunks: { kind: 'video' | 'audio'; start: number; end: number; at: number }[] = [];
  #rate = 1;
  #playing = false;
  #hasPlayed = false;
  #made = { video: 0, audio: 0 };
  #lastArrival = 0;

  /** Joins a broadcast that has been on for `age` and began its last group `group` ago. */
  constructor(network: Network, age = 5000, group = 900, burst = 120) {
    this.#network = network;
    this.now = age;
    this.#made = { video: age - group, audio: age - group };
    this.burst = burst;
  }
  readonly burst: number;

  get delay(): number {
    return this.now - this.position;
  }

  run(duration: number): void {
    for (const end = this.now + duration; this.now < end; this.now += STEP) this.#step();
  }

  /** Media of that length is lost on the timeline: what follows lies behind a hole. */
  loseMedia(length: number): void {
    this.#made = { video: this.#made.video + length, audio: this.#made.audio + length };
  }

  #step(): void {
    this.#make();
    this.#receive();
    this.#play();
    if (this.asleep) return;
    const correction = this.edge.correct({
      now: ms(this.now),
      position: ms(this.position),
      ranges: this.ranges.map(({ start, end }) => ({ start: ms(start), end: ms(end) })),
      moving: !this.seeking,
      seeking: this.seeking,
    });
    if (correction.rate !== this.#rate) this.rates.push(correction.rate);
    this.#rate = correction.rate;
    if (!correction.seek) return;
    this.position = correction.seek.to;
    this.seeks.push(correction.seek.cause);
    this.seeking = false;
    this.#playing = false;
    this.#hasPlayed = false;
  }

  #make(): void {
    const ready = Math.floor(this.now / this.burst) * this.burst;
    for (const [kind, length] of [
      ['video', FRAME],
      ['audio', SOUND],
    ] as const) {
      while (this.#made[kind] + length <= ready) {
        const start = this.#made[kind];
        this.#made[kind] += length;
        this.#lastArrival = Math.max(this.#lastArrival, this.#network.arrival(this.now));
        this.#chunks.push({ kind, start, end: start + length, at: this.#lastArrival });
      }
    }
  }

  #receive(): void {
    while ((this.#chunks[0]?.at ?? Number.POSITIVE_INFINITY) <= this.now) {
      const chunk = this.#chunks.shift();
      if (!chunk) return;
      this.edge.arrived(ms(this.now), ms(chunk.start), chunk.kind);
      if (chunk.kind === 'audio') this.#buffer(chunk);
    }
  }

  #buffer({ start, end }: { start: number; end: number }): void {
    const last = this.ranges.at(-1);
    if (last && start - last.end < 1) last.end = end;
    else this.ranges.push({ start, end });
  }

  #play(): void {
    const here = this.ranges.find(({ start, end }) => start <= this.position && this.position < end);
    const ahead = here ? here.end - this.position : 0;
    if (!this.#playing && ahead >= TO_START) {
      this.#playing = true;
      this.#hasPlayed = true;
    } else if (this.#playing && ahead < TO_GO_ON) {
      this.#playing = false;
      if (this.#hasPlayed) {
        this.stalls += 1;
        this.edge.stalled(ms(this.now));
      }
    }
    if (this.#playing && !this.frozen) this.position += STEP * this.#rate;
  }
}

/** Evenly spread from 0 to 1, the same for the same seed (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const steady = (latency: number): Network => ({ arrival: (readyAt) => readyAt + latency });

describe('the live edge', () => {
  it('starts near the edge within a quarter of a second of joining', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(250);
    expect(simulation.seeks).toEqual(['start']);
    expect(simulation.delay).toBeLessThan(800);
  });

  it('keeps bursts of 120 ms on a steady network within 400 ms, without a stall or a seek', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(12_000);
    simulation.rates.length = 0;
    simulation.run(60_000);
    expect(simulation.delay).toBeLessThan(400);
    expect(simulation.stalls).toBe(0);
    expect(simulation.seeks).toEqual(['start']);
    expect(simulation.rates.length).toBeLessThan(6);
  });

  it('never stalls again once it has seen a jitter that stays within bounds, at any seed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 300 }),
        fc.integer({ min: 0, max: 150 }),
        fc.integer(),
        (latency, jitter, seed) => {
          const random = uniform(seed);
          const network = { arrival: (readyAt: number) => readyAt + latency + jitter * random() };
          const simulation = new Simulation(network);
          simulation.run(20_000);
          const before = simulation.stalls;
          simulation.run(30_000);
          expect(simulation.stalls - before).toBeLessThanOrEqual(1);
          expect(simulation.delay).toBeLessThan(latency + jitter + 2 * SOUND + 360);
          for (const rate of simulation.rates) {
            expect(rate).toBeGreaterThanOrEqual(0.95);
            expect(rate).toBeLessThanOrEqual(1.08);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('survives an outage of three seconds and is back near the edge soon after', () => {
    let outage = 0;
    const simulation = new Simulation({ arrival: (readyAt) => Math.max(readyAt + 20, outage) });
    simulation.run(15_000);
    const usual = simulation.delay;
    outage = simulation.now + 3000;
    simulation.run(5000);
    expect(simulation.stalls).toBe(1);
    expect(simulation.delay).toBeLessThan(usual + 150);
  });

  it('is not misled by the few messages that come first after an outage', () => {
    let outage = 0;
    const network = {
      arrival: (readyAt: number) => {
        if (readyAt + 20 >= outage) return readyAt + 20;
        return readyAt < outage - 4800 ? outage : outage + 300;
      },
    };
    const simulation = new Simulation(network);
    simulation.run(15_000);
    const usual = simulation.delay;
    outage = simulation.now + 5000;
    simulation.run(8000);
    // Those few let it go on once, for a moment.
    expect(simulation.stalls).toBeLessThanOrEqual(2);
    expect(simulation.delay).toBeLessThan(usual + 150);
  });

  it('keeps its distance from a network that is silent for seconds again and again', () => {
    const simulation = new Simulation(steady(20), 5000, 900, 2500);
    simulation.run(20_000);
    const before = simulation.stalls;
    simulation.run(60_000);
    expect(simulation.stalls - before).toBeLessThanOrEqual(1);
    expect(simulation.delay).toBeGreaterThan(2500);
  });

  it('catches up by rate from a little behind, and by a seek from far behind', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(15_000);
    simulation.frozen = true;
    simulation.run(200);
    simulation.frozen = false;
    simulation.seeks.length = 0;
    simulation.run(8000);
    expect(simulation.seeks).toEqual([]);
    expect(simulation.delay).toBeLessThan(400);
    simulation.asleep = true;
    simulation.frozen = true;
    simulation.run(2500);
    simulation.frozen = false;
    simulation.asleep = false;
    simulation.run(1000);
    expect(simulation.seeks.length).toBe(1);
    expect(simulation.delay).toBeLessThan(500);
  });

  it('is at the edge at once when a tab comes back to the front', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(15_000);
    simulation.asleep = true;
    simulation.frozen = true;
    simulation.run(700);
    simulation.frozen = false;
    simulation.asleep = false;
    simulation.seeks.length = 0;
    simulation.edge.catchUp();
    simulation.run(2 * STEP);
    expect(simulation.seeks).toEqual(['behind']);
    expect(simulation.delay).toBeLessThan(500);
  });

  it('jumps over a hole in the media', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(15_000);
    simulation.seeks.length = 0;
    simulation.loseMedia(800);
    simulation.run(12_000);
    expect(simulation.ranges.length).toBe(2);
    expect(simulation.seeks).toEqual(['gap']);
    expect(simulation.position).toBeGreaterThan(simulation.ranges[1]?.start ?? 0);
    const before = simulation.position;
    simulation.run(1000);
    expect(simulation.position - before).toBeGreaterThan(900);
  });

  it('does not wait for ever for a seek that landed just before a hole', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(15_000);
    simulation.seeks.length = 0;
    simulation.seeking = true;
    simulation.position = (simulation.ranges.at(-1)?.end ?? 0) - 20;
    simulation.loseMedia(200);
    simulation.run(1500);
    expect(simulation.seeks[0]).toBe('gap');
    expect(simulation.position).toBeGreaterThan(simulation.ranges[1]?.start ?? 0);
  });

  it('seeks when the browser stands still although there is media', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(15_000);
    simulation.seeks.length = 0;
    simulation.frozen = true;
    simulation.run(400);
    expect(simulation.seeks).toEqual(['stuck']);
  });

  it('keeps more distance after each stall, up to a bound', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(15_000);
    const target = () => (simulation.edge.target(ms(simulation.now)) ?? 0) - simulation.now;
    const before = target();
    for (let stalls = 1; stalls <= 20; stalls += 1) {
      simulation.edge.stalled(ms(simulation.now));
      expect(before - target()).toBe(Math.min(60 * stalls, 360));
    }
    simulation.now += 121_000;
    expect(before - target()).toBe(300);
  });

  it('blames a stall after a silence on the network alone', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(15_000);
    const now = ms(simulation.now + 400);
    const before = simulation.edge.target(now);
    simulation.edge.stalled(now);
    expect(simulation.edge.target(now)).toBe(before);
  });

  it('adds the delay that is asked for', () => {
    const simulation = new Simulation(steady(20));
    simulation.run(15_000);
    const safe = simulation.edge.safeTarget(ms(simulation.now)) ?? 0;
    simulation.edge.extraDelay = ms(700);
    expect(safe - (simulation.edge.target(ms(simulation.now)) ?? 0)).toBe(700);
    simulation.run(30_000);
    expect(simulation.delay).toBeGreaterThan(900);
  });

  it('leaves a playhead alone while it is not meant to move, or knows no media', () => {
    const edge = new LiveEdge();
    const ranges = [{ start: ms(0), end: ms(9000) }];
    const at = (now: number, moving: boolean) =>
      edge.correct({ now: ms(now), position: ms(0), ranges, moving, seeking: false });
    expect(at(0, true)).toEqual({ rate: 1 });
    edge.arrived(ms(0), ms(0), 'video');
    expect(at(200, false)).toEqual({ rate: 1 });
    expect(at(9000, false)).toEqual({ rate: 1 });
  });
});
