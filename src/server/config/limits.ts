import type { GroupBufferLimits } from '../../channel/group-buffer.ts';
import { DEFAULT_VIEWER_LIMITS } from '../../egress/websocket/play-egress.ts';
import type { ViewerLimits } from '../../egress/websocket/viewer.ts';
import { DEFAULT_PUBLISH_LIMITS, type PublishLimits } from '../../ingest/session/publish-limits.ts';
import { bytes, milliseconds } from '../../media/time.ts';
import type { SegmentLimits } from '../../package/segment.ts';
import type { Config } from './config-schema.ts';

/** How much of each broadcast stays in memory. */
export const groupBufferLimits = ({ groupBuffer }: Config): GroupBufferLimits => ({
  maxBytes: bytes(groupBuffer.bytes),
  maxAge: milliseconds(groupBuffer.duration),
});

/** What publishers are held to. */
export const publishLimits = ({ limits }: Config): PublishLimits => ({
  ...DEFAULT_PUBLISH_LIMITS,
  bitrate: limits.bitrate,
  noMediaTimeout: milliseconds(limits.noMediaTimeout),
  demuxer: {
    maxElement: bytes(limits.maxElement),
    maxTracks: limits.maxTracks,
    maxPixels: limits.maxPixels,
  },
});

/** What viewers are held to. */
export const viewerLimits = ({ limits }: Config): ViewerLimits => ({
  ...DEFAULT_VIEWER_LIMITS,
  maxLag: bytes(limits.viewerBuffer),
  stallTimeout: milliseconds(limits.viewerStallTimeout),
});

/** How broadcasts are cut for players of segments. */
export const segmentLimits = ({ hls }: Config): SegmentLimits => ({
  segment: milliseconds(hls.segment),
  part: milliseconds(hls.part),
  window: milliseconds(hls.window),
  maxBytes: bytes(hls.bytes),
});
