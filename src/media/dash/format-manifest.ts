import { type Milliseconds, ticks } from '../time.ts';
import { formatElement, formatText } from './format-element.ts';
import type { AdaptationSet, LiveTiming, Manifest, Period, TimelineEntry } from './manifest.ts';

const NAMESPACE = 'urn:mpeg:dash:schema:mpd:2011';
const PROFILES = 'urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019';
const LOW_LATENCY_PROFILE = 'http://www.dashif.org/guidelines/low-latency-live-v5';
const CHANNELS = 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011';
const TIME_SCHEME = 'urn:mpeg:dash:utc:http-iso:2014';
/** What `Latency@referenceId` and `ProducerReferenceTime@id` have in common. */
const REFERENCE = 0;
/** How much faster and slower players may play to keep their distance. */
const RATES = { min: 0.96, max: 1.04 } as const;

/** Writes an MPD (ISO/IEC 23009-1 §5.3). With the same model the same text. */
export function formatManifest(manifest: Manifest): string {
  const { live, title } = manifest;
  const lines = [
    ...(title === null ? [] : formatElement('ProgramInformation', {}, [formatText('Title', {}, title)])),
    ...(live ? serviceDescription(live) : []),
    ...manifest.periods.flatMap((period) => formatPeriod(period, live)),
    ...(live ? [timing(live)] : []),
  ];
  const document = formatElement('MPD', attributesOf(manifest), lines);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document.join('\n')}\n`;
}

function attributesOf({ live, duration, minBufferTime, longestSegment }: Manifest) {
  return {
    xmlns: NAMESPACE,
    profiles: live?.latency ? `${PROFILES},${LOW_LATENCY_PROFILE}` : PROFILES,
    type: live ? 'dynamic' : 'static',
    availabilityStartTime: live && formatDate(live.availabilityStart),
    publishTime: live && formatDate(live.publishTime),
    mediaPresentationDuration: duration === undefined ? undefined : formatDuration(duration),
    minimumUpdatePeriod: live && formatDuration(live.updatePeriod),
    minBufferTime: formatDuration(minBufferTime),
    timeShiftBufferDepth: live?.window === undefined ? undefined : formatDuration(live.window),
    suggestedPresentationDelay: live && formatDuration(live.delay),
    maxSegmentDuration: formatDuration(longestSegment),
  };
}

function serviceDescription({ latency }: LiveTiming): string[] {
  if (!latency) return [];
  const { target, min, max } = latency;
  return formatElement('ServiceDescription', { id: 0 }, [
    ...formatElement('Latency', { referenceId: REFERENCE, target, min, max }),
    ...formatElement('PlaybackRate', RATES),
  ]);
}

const timing = ({ timeSource }: LiveTiming): string =>
  formatElement('UTCTiming', { schemeIdUri: TIME_SCHEME, value: timeSource }).join('');

function formatPeriod({ id, start, adaptationSets }: Period, live: LiveTiming | undefined): string[] {
  const alternatives = adaptationSets.flatMap(({ alternative, track }) => (alternative ? track.kind : []));
  // §5.3.3.2: the higher one is taken where both can be.
  const priorityOf = ({ alternative, track }: AdaptationSet) =>
    alternatives.includes(track.kind) ? (alternative ? 1 : 2) : undefined;
  const sets = adaptationSets.flatMap((set) => formatAdaptationSet(set, priorityOf(set), live));
  return formatElement('Period', { id, start: formatDuration(start) }, sets);
}

function formatAdaptationSet(
  set: AdaptationSet,
  priority: number | undefined,
  live: LiveTiming | undefined,
): string[] {
  const { track } = set;
  const attributes = {
    id: set.alternative ? 3 : track.kind === 'video' ? 1 : 2,
    contentType: track.kind,
    mimeType: `${track.kind}/mp4`,
    startWithSAP: set.independent ? 1 : undefined,
    segmentAlignment: true,
    selectionPriority: priority,
  };
  return formatElement('AdaptationSet', attributes, [
    ...referenceTime(set, live),
    ...formatElement('Role', { schemeIdUri: 'urn:mpeg:dash:role:2011', value: 'main' }),
    ...segmentTemplate(set),
    ...representation(set),
  ]);
}

function referenceTime({ referenceTime }: AdaptationSet, live: LiveTiming | undefined): string[] {
  if (!referenceTime || !live) return [];
  const { wallClock, mediaTime, inBand } = referenceTime;
  const attributes = {
    id: REFERENCE,
    inband: inBand,
    type: 'encoder',
    wallClockTime: formatDate(wallClock),
    presentationTime: mediaTime,
  };
  return formatElement('ProducerReferenceTime', attributes, [timing(live)]);
}

function segmentTemplate(set: AdaptationSet): string[] {
  const { early } = set;
  const attributes = {
    timescale: set.timescale,
    initialization: set.initialization,
    media: set.media,
    startNumber: set.startNumber,
    presentationTimeOffset: set.presentationTimeOffset,
    availabilityTimeOffset: early && early.offset / 1000,
    availabilityTimeComplete: early && false,
  };
  return formatElement('SegmentTemplate', attributes, [
    ...formatElement('SegmentTimeline', {}, formatTimeline(set.timeline)),
  ]);
}

/** Segments that follow one another and last the same are one line (ISO/IEC 23009-1 §5.3.9.6.2). */
function formatTimeline(timeline: readonly TimelineEntry[]): string[] {
  const lines: string[] = [];
  let end = ticks(-1);
  for (let index = 0; index < timeline.length; ) {
    const entry = timeline[index];
    if (!entry) break;
    const { start, duration } = entry;
    let repeat = 0;
    const follows = ({ start: at, duration: length }: TimelineEntry) =>
      length === duration && at === start + duration * (repeat + 1);
    for (let next = timeline[index + 1]; next && follows(next); next = timeline[index + 1 + repeat])
      repeat += 1;
    const t = start === end ? undefined : start;
    lines.push(...formatElement('S', { t, d: duration, r: repeat > 0 ? repeat : undefined }));
    end = ticks(start + duration * (repeat + 1));
    index += repeat + 1;
  }
  return lines;
}

function representation({ track, bandwidth, frameRate, alternative }: AdaptationSet): string[] {
  const id = alternative ? `${track.kind}-${track.codec}` : track.kind;
  const common = { id, bandwidth: Math.max(1, bandwidth), codecs: track.codecString };
  if (track.kind === 'video') {
    const { width, height } = track;
    const rate = frameRate ? `${Math.round(frameRate * 1000)}/1000` : undefined;
    return formatElement('Representation', { ...common, width, height, frameRate: rate, sar: '1:1' });
  }
  return formatElement('Representation', { ...common, audioSamplingRate: track.sampleRate }, [
    ...formatElement('AudioChannelConfiguration', { schemeIdUri: CHANNELS, value: track.channels }),
  ]);
}

/** An `xs:dateTime` in UTC. */
const formatDate = (time: Milliseconds): string => new Date(Math.round(time)).toISOString();

/** An `xs:duration` in seconds, to the millisecond. */
const formatDuration = (time: Milliseconds): string => `PT${Math.round(time) / 1000}S`;
