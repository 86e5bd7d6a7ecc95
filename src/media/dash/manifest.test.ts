import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMpd } from '../../../test/contract/read-mpd.ts';
import { OPUS, VIDEO } from '../mp4/synthetic-mp4.ts';
import { milliseconds, ticks, timescale } from '../time.ts';
import { escapeXml, formatElement } from './format-element.ts';
import { formatManifest } from './format-manifest.ts';
import type { AdaptationSet, Manifest } from './manifest.ts';

const entries = (...pairs: [number, number][]) =>
  pairs.map(([start, duration]) => ({ start: ticks(start), duration: ticks(duration) }));

const PICTURE: AdaptationSet = {
  track: VIDEO,
  timescale: timescale(1000),
  bandwidth: 900_000,
  frameRate: 29.97,
  initialization: 'p1/video/init-0.mp4',
  media: 'p1/video/$Number$.m4s',
  startNumber: 4,
  presentationTimeOffset: ticks(1000),
  timeline: entries([9000, 2000], [11_000, 2000], [13_000, 2033], [15_500, 2000]),
  independent: true,
  early: { offset: milliseconds(1900) },
  referenceTime: {
    wallClock: milliseconds(Date.UTC(2026, 10, 21, 12)),
    mediaTime: ticks(9000),
    inBand: true,
  },
};

const SOUND: AdaptationSet = {
  ...PICTURE,
  track: OPUS,
  timescale: timescale(48_000),
  frameRate: undefined,
  initialization: 'p1/audio/init-0.mp4',
  media: 'p1/audio/$Number$.m4s',
  startNumber: 3,
  presentationTimeOffset: ticks(48_000),
  timeline: entries([432_000, 96_000], [528_000, 96_000]),
  referenceTime: undefined,
};

const LIVE: Manifest = {
  title: 'Tea & <cake>',
  live: {
    availabilityStart: milliseconds(Date.UTC(2026, 10, 21, 11, 59)),
    publishTime: milliseconds(Date.UTC(2026, 10, 21, 12, 0, 7)),
    updatePeriod: milliseconds(500),
    window: milliseconds(16_000),
    delay: milliseconds(3000),
    timeSource: '../time',
    latency: { target: milliseconds(3000), min: milliseconds(1500), max: milliseconds(8000) },
  },
  duration: undefined,
  minBufferTime: milliseconds(400),
  longestSegment: milliseconds(4000),
  periods: [{ id: 'p1-0', start: milliseconds(60_250), adaptationSets: [PICTURE, SOUND] }],
};

describe('a live manifest', () => {
  it('says where everything is, and when', () => {
    expect(formatManifest(LIVE)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019,http://www.dashif.org/guidelines/low-latency-live-v5" type="dynamic" availabilityStartTime="2026-11-21T11:59:00.000Z" publishTime="2026-11-21T12:00:07.000Z" minimumUpdatePeriod="PT0.5S" minBufferTime="PT0.4S" timeShiftBufferDepth="PT16S" suggestedPresentationDelay="PT3S" maxSegmentDuration="PT4S">
  <ProgramInformation>
    <Title>Tea &amp; &lt;cake&gt;</Title>
  </ProgramInformation>
  <ServiceDescription id="0">
    <Latency referenceId="0" target="3000" min="1500" max="8000"/>
    <PlaybackRate min="0.96" max="1.04"/>
  </ServiceDescription>
  <Period id="p1-0" start="PT60.25S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" startWithSAP="1" segmentAlignment="true">
      <ProducerReferenceTime id="0" inband="true" type="encoder" wallClockTime="2026-11-21T12:00:00.000Z" presentationTime="9000">
        <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="../time"/>
      </ProducerReferenceTime>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="1000" initialization="p1/video/init-0.mp4" media="p1/video/$Number$.m4s" startNumber="4" presentationTimeOffset="1000" availabilityTimeOffset="1.9" availabilityTimeComplete="false">
        <SegmentTimeline>
          <S t="9000" d="2000" r="1"/>
          <S d="2033"/>
          <S t="15500" d="2000"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="video" bandwidth="900000" codecs="avc1.42c01f" width="640" height="360" frameRate="29970/1000" sar="1:1"/>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" startWithSAP="1" segmentAlignment="true">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="48000" initialization="p1/audio/init-0.mp4" media="p1/audio/$Number$.m4s" startNumber="3" presentationTimeOffset="48000" availabilityTimeOffset="1.9" availabilityTimeComplete="false">
        <SegmentTimeline>
          <S t="432000" d="96000" r="1"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="audio" bandwidth="900000" codecs="opus" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="1"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="../time"/>
</MPD>
`);
  });

  it('is understood by another parser', () => {
    const [video] = readMpd(formatManifest(LIVE)).playlists;
    expect(video?.attributes).toMatchObject({
      BANDWIDTH: 900_000,
      CODECS: 'avc1.42c01f',
      RESOLUTION: { width: 640, height: 360 },
    });
    expect(video?.segments.map(({ resolvedUri, duration }) => [resolvedUri, duration])).toEqual([
      ['http://host/live/main/p1/video/4.m4s', 2],
      ['http://host/live/main/p1/video/5.m4s', 2],
      ['http://host/live/main/p1/video/6.m4s', 2.033],
      ['http://host/live/main/p1/video/7.m4s', 2],
    ]);
    expect(video?.segments[0]?.map.resolvedUri).toBe('http://host/live/main/p1/video/init-0.mp4');
    expect(video?.segments[0]?.presentationTime).toBeCloseTo(60.25 + 8);
  });
});

describe('a manifest of what is over', () => {
  it('has a duration, and nothing of what is live', () => {
    const text = formatManifest({
      ...LIVE,
      title: null,
      live: undefined,
      duration: milliseconds(3_723_004),
      periods: [
        {
          id: 'r1',
          start: milliseconds(0),
          adaptationSets: [{ ...PICTURE, independent: false, early: undefined, frameRate: undefined }],
        },
      ],
    });
    expect(text).toContain('type="static" mediaPresentationDuration="PT3723.004S"');
    for (const word of [
      'Latency',
      'UTCTiming',
      'minimumUpdate',
      'availability',
      'ProducerRef',
      'SAP',
      'low-',
    ])
      expect(text).not.toContain(word);
  });
});

describe('XML', () => {
  it('is well-formed whatever a title is made of', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'<>&"\'\0\ud800]') }),
    );
    fc.assert(
      fc.property(text, (title) => {
        const mpd = formatManifest({ ...LIVE, title });
        expect(readMpd(mpd).playlists).toHaveLength(1);
        expect(mpd.isWellFormed()).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('has no character that it must not have', () => {
    expect(escapeXml('a\0b\u001fc\ud800d\ufffee\u{1f600}\t\n')).toBe(
      'a\ufffdb\ufffdc\ufffdd\ufffde\u{1f600}\t\n',
    );
    expect(formatElement('a', { b: '"\'<', c: undefined })).toEqual(['<a b="&quot;&apos;&lt;"/>']);
  });
});
