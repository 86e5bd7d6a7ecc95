import { describe, expect, it } from 'vitest';
import { readMpd } from '../../../test/contract/read-mpd.ts';
import { type Behaviour, simulateStream } from '../../../test/contract/stream-rules/simulated-stream.ts';
import { ManualClock } from '../../channel/manual-clock.ts';
import type { Chunk, Epoch } from '../../media/chunk.ts';
import { formatManifest } from '../../media/dash/format-manifest.ts';
import type { Manifest } from '../../media/dash/manifest.ts';
import { bytes, milliseconds, ticksToMilliseconds } from '../../media/time.ts';
import { targetDurationOf } from '../../package/segment.ts';
import { Presentation } from '../http/presentation.ts';
import { WaitingPlaces } from '../http/waiting-list.ts';
import { manifestOf } from './manifest-of.ts';
import { PeriodClock } from './period-clock.ts';

const LIMITS = {
  segment: milliseconds(2000),
  part: milliseconds(200),
  window: milliseconds(16_000),
  maxBytes: bytes(10_000_000),
};
const START = Date.UTC(2026, 0, 1);
const STEADY: Behaviour = { name: 'steady', seconds: 30, frame: () => 40 };

/** A broadcast that began at START, told of chunk by chunk as long as they last. */
function present(
  behaviours: readonly Behaviour[],
  look: (presentation: Presentation, clock: ManualClock) => void,
  later = (now: number) => now,
) {
  const clock = new ManualClock(START);
  const broadcast = { id: 'b', channel: 'main', title: 'T', startedAt: milliseconds(START) };
  const places = new WaitingPlaces(10);
  const presentation = new Presentation('p', broadcast, { clock, limits: LIMITS, places });
  simulateStream(
    {
      epoch: (epoch: Epoch) => presentation.epoch(epoch),
      chunk: (chunk: Chunk) => {
        const arrival = later(START + ticksToMilliseconds(chunk.dts, chunk.timescale) + 100);
        const step = arrival - clock.wall();
        if (step > 0) clock.advance(step);
        presentation.chunk(chunk);
        look(presentation, clock);
      },
    },
    behaviours,
  );
  return presentation;
}

/** Every version of the manifest, as each chunk comes. */
function manifests(behaviours: readonly Behaviour[], later = (now: number) => now): Manifest[] {
  let clock: PeriodClock | undefined;
  const found: Manifest[] = [];
  let before = '';
  present(
    behaviours,
    (presentation, now) => {
      if (!presentation.playable) return;
      clock ??= new PeriodClock(presentation, now);
      const manifest = manifestOf(presentation, clock, now.wall());
      const text = JSON.stringify(manifest.periods);
      if (text !== before) found.push(manifest);
      before = text;
    },
    later,
  );
  return found;
}

/** Segments of a manifest: when they can be had, by the rules, and where they are on the presentation's timeline. */
function segmentsOf({ periods }: Manifest, kind: 'video' | 'audio') {
  return periods.flatMap(({ start, adaptationSets }) =>
    adaptationSets
      .filter(({ track }) => track.kind === kind)
      .flatMap(({ timeline, startNumber, timescale, presentationTimeOffset }) =>
        timeline.map((entry, index) => ({
          number: startNumber + index,
          media: entry.start / timescale,
          start: start / 1000 + (entry.start - presentationTimeOffset) / timescale,
          duration: entry.duration / timescale,
        })),
      ),
  );
}

describe('a manifest of what is live', () => {
  const versions = manifests([STEADY]);

  it('lists the segments of the window, and the one that is being made', () => {
    const last = segmentsOf(versions.at(-1) as Manifest, 'video');
    const listed = last.slice(0, -1).reduce((sum, { duration }) => sum + duration, 0);
    expect(listed).toBeGreaterThanOrEqual(16);
    expect(last.map(({ number }) => number)).toEqual(last.map((_, index) => (last[0]?.number ?? 0) + index));
  });

  it('never says another thing of a complete segment, and never too little of one that is being made', () => {
    for (const kind of ['video', 'audio'] as const) {
      const known = new Map<number, { start: number; duration: number }>();
      for (const version of versions) {
        const segments = segmentsOf(version, kind);
        for (const [index, { number, start, duration }] of segments.entries()) {
          const before = known.get(number);
          if (before) {
            expect(start).toBe(before.start);
            expect(duration).toBeLessThanOrEqual(before.duration);
          }
          if (index < segments.length - 1) known.set(number, { start, duration });
          else known.set(number, { start, duration });
        }
      }
      expect(known.size).toBeGreaterThan(10);
    }
  });

  it('lets every segment be asked for when the first of it is there, not before', () => {
    for (const version of versions) {
      const live = version.live;
      if (!live) throw new Error('not live');
      const newest = segmentsOf(version, 'video').at(-1);
      if (!newest) continue;
      const early = version.periods.at(-1)?.adaptationSets[0]?.early?.offset ?? 0;
      const available = live.availabilityStart + (newest.start + newest.duration) * 1000 - early;
      const begun = START + newest.media * 1000;
      expect(available).toBeGreaterThan(begun);
      expect(available).toBeLessThan(begun + 1200);
    }
  });

  it('is understood by another parser, version for version', () => {
    for (const version of versions.slice(0, 20)) {
      const { playlists } = readMpd(formatManifest(version));
      expect(playlists[0]?.segments.length).toBe(segmentsOf(version, 'video').length);
    }
  });
});

describe('an epoch', () => {
  it('is a period; one that follows at once leaves no gap', () => {
    const last = manifests([STEADY, { ...STEADY, seconds: 8, newSession: true }]).at(-1);
    expect(last?.periods.map(({ id }) => id)).toEqual(['p-0', 'p-1']);
    const [first, second] = last?.periods ?? [];
    const end = segmentsOf({ ...(last as Manifest), periods: first ? [first] : [] }, 'video').at(-1);
    expect((second?.start ?? 0) / 1000).toBeCloseTo((end?.start ?? 0) + (end?.duration ?? 0), 1);
    expect(second?.adaptationSets[0]?.initialization).toBe('p/video/init-1.mp4');
  });

  it('begins as much later as its publisher was away', () => {
    const away = 20_000;
    const resumed = START + 30_000;
    const later = (now: number) => (now >= resumed ? now + away : now);
    const last = manifests([STEADY, { ...STEADY, seconds: 8, newSession: true }], later).at(-1);
    const [first, second] = last?.periods ?? [];
    const media = (period: typeof first) => {
      const set = period?.adaptationSets[0];
      return set ? (set.presentationTimeOffset / set.timescale) * 1000 : 0;
    };
    const moved = (second?.start ?? 0) - (first?.start ?? 0) - (media(second) - media(first));
    expect(moved).toBeGreaterThan(away - 500);
    expect(moved).toBeLessThan(away + 500);
  });

  it('is led to by a period of its first picture where its publisher was away for some seconds, without a hole in any track', () => {
    const resumed = START + 30_000;
    const later = (now: number) => (now >= resumed ? now + 3500 : now);
    const last = manifests([STEADY, { ...STEADY, seconds: 8, newSession: true }], later).at(-1);
    expect(last?.periods.map(({ id }) => id)).toEqual(['p-0', 'p-1-hold', 'p-1']);
    const [first, hold, second] = last?.periods ?? [];
    for (const kind of ['video', 'audio'] as const) {
      const [before, held, after] = [first, hold, second].map((period) =>
        segmentsOf({ ...(last as Manifest), periods: period ? [period] : [] }, kind),
      );
      const [end, begin, next] = [before?.at(-1), held?.[0], after?.[0]];
      expect(held).toHaveLength(1);
      expect(begin?.start).toBeCloseTo((end?.start ?? 0) + (end?.duration ?? 0), 2);
      expect(next?.start).toBeCloseTo((begin?.start ?? 0) + (begin?.duration ?? 0), 2);
      expect(begin?.duration).toBeGreaterThan(3);
    }
    const length = hold?.adaptationSets[0]?.startNumber;
    expect(hold?.adaptationSets.map(({ media }) => media)).toEqual([
      'p/video/hold-1-$Number$.m4s',
      'p/audio/hold-1-$Number$.m4s',
    ]);
    expect(length).toBe(Math.round((hold?.adaptationSets[0]?.timeline[0]?.duration ?? 0) / 90));
  });

  it('begins with the presentation when it came in a burst', () => {
    const [last] = manifests([STEADY], () => START + 500);
    expect(last?.periods[0]?.start).toBe(0);
  });
});

describe('the end', () => {
  it('makes the manifest static, with all that is held', () => {
    const presentation = present([STEADY], () => {});
    presentation.end();
    const now = new ManualClock(START + 30_000);
    const manifest = manifestOf(presentation, new PeriodClock(presentation, now), now.wall());
    expect(manifest.live).toBeUndefined();
    const [period] = manifest.periods;
    expect(manifest.duration).toBeGreaterThanOrEqual((period?.start ?? 0) + 16_000);
    expect(manifest.longestSegment).toBe(targetDurationOf(LIMITS));
  });
});
