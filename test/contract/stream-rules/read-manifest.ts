/** A segment as a manifest tells of it, in ticks. */
export interface ReadEntry {
  readonly number: number;
  readonly start: number;
  readonly duration: number;
}

/** One track in one period. */
export interface ReadSet {
  readonly kind: string;
  readonly timescale: number;
  readonly initialization: string;
  readonly media: string;
  readonly offset: number;
  /** How much earlier than it is complete a segment can be had, seconds. */
  readonly early: number;
  readonly entries: readonly ReadEntry[];
}

/** Seconds. */
export interface ReadPeriod {
  readonly id: string;
  readonly start: number;
  readonly sets: readonly ReadSet[];
}

/** A manifest as read here: by its tags, without a word of what writes it. Moments in seconds since 1970. */
export interface ReadManifest {
  readonly type: string;
  readonly availabilityStart: number;
  readonly publishTime: number;
  readonly duration: number;
  readonly window: number;
  readonly longest: number;
  readonly latency: Attributes | undefined;
  readonly timeSource: string | undefined;
  readonly periods: readonly ReadPeriod[];
}

type Attributes = Readonly<Record<string, string>>;

const TAG = /<(\/?)([A-Za-z]+)((?:\s+[A-Za-z:]+="[^"]*")*)\s*\/?>/g;

/** Reads a manifest for tests. */
export function readManifest(text: string): ReadManifest {
  const periods: (Omit<ReadPeriod, 'sets'> & {
    sets: (Omit<ReadSet, 'entries'> & { entries: ReadEntry[] })[];
  })[] = [];
  let mpd: Attributes = {};
  let latency: Attributes | undefined;
  let timeSource: string | undefined;
  let kind = '';
  let [number, end] = [0, 0];
  for (const [, closing, tag, said = ''] of text.matchAll(TAG)) {
    if (closing) continue;
    const attributes = readAttributes(said);
    const sets = periods.at(-1)?.sets;
    if (tag === 'MPD') mpd = attributes;
    if (tag === 'Latency') latency = attributes;
    if (tag === 'UTCTiming') timeSource = attributes.value;
    if (tag === 'Period')
      periods.push({ id: attributes.id ?? '', start: readDuration(attributes.start), sets: [] });
    if (tag === 'AdaptationSet') kind = attributes.contentType ?? '';
    if (tag === 'SegmentTemplate') {
      sets?.push({ ...readTemplate(attributes), kind, entries: [] });
      number = Number(attributes.startNumber);
      end = 0;
    }
    if (tag !== 'S') continue;
    let start = Number(attributes.t ?? end);
    for (let count = Number(attributes.r ?? 0); count >= 0; count -= 1) {
      const duration = Number(attributes.d);
      sets?.at(-1)?.entries.push({ number, start, duration });
      start += duration;
      number += 1;
    }
    end = start;
  }
  return {
    type: mpd.type ?? '',
    availabilityStart: Date.parse(mpd.availabilityStartTime ?? '') / 1000,
    publishTime: Date.parse(mpd.publishTime ?? '') / 1000,
    duration: readDuration(mpd.mediaPresentationDuration),
    window: readDuration(mpd.timeShiftBufferDepth),
    longest: readDuration(mpd.maxSegmentDuration),
    latency,
    timeSource,
    periods,
  };
}

function readTemplate(attributes: Attributes): Omit<ReadSet, 'kind' | 'entries'> {
  return {
    timescale: Number(attributes.timescale),
    initialization: attributes.initialization ?? '',
    media: attributes.media ?? '',
    offset: Number(attributes.presentationTimeOffset),
    early: attributes.availabilityTimeComplete === 'false' ? Number(attributes.availabilityTimeOffset) : 0,
  };
}

const readDuration = (text = ''): number => Number(/^PT([\d.]+)S$/.exec(text)?.[1] ?? Number.NaN);

const readAttributes = (text: string): Attributes =>
  Object.fromEntries(
    [...text.matchAll(/([A-Za-z:]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
