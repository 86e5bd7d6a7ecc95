/** Platforms that are known by name; `custom` is any other RTMP server. */
export const DESTINATION_PROVIDERS = ['youtube', 'twitch', 'ivs', 'facebook', 'custom'] as const;
/** A platform that is known by name, or any other. */
export type DestinationProvider = (typeof DESTINATION_PROVIDERS)[number];

/** What a platform is reached by, and what it expects. */
export interface ProviderPreset {
  readonly label: string;
  /** Where its streams are published to; empty where everybody has an address of their own. */
  readonly url: string;
  /** Bits a second of picture and sound that it takes at most; null where it does not say. */
  readonly maxBitrate: number | null;
  /** Where the stream key is found, and what else there is to know. */
  readonly hint: string;
}

/** What is known of each platform, as of 2026. All want H.264, AAC and a keyframe every 2 s. */
export const PROVIDER_PRESETS: Readonly<Record<DestinationProvider, ProviderPreset>> = {
  youtube: {
    label: 'YouTube',
    url: 'rtmps://a.rtmps.youtube.com/live2',
    maxBitrate: 51_000_000,
    hint: 'YouTube Studio → Go live → Stream. After 12 hours YouTube keeps no recording.',
  },
  twitch: {
    label: 'Twitch',
    url: 'rtmps://ingest.global-contribute.live-video.net/app',
    maxBitrate: 6_000_000,
    hint: 'Creator Dashboard → Settings → Stream. At most 6 Mbit/s.',
  },
  ivs: {
    label: 'Amazon IVS',
    url: '',
    maxBitrate: 8_500_000,
    hint: 'The ingest server of your channel, as the console shows it: rtmps://….global-contribute.live-video.net:443/app/',
  },
  facebook: {
    label: 'Facebook',
    url: 'rtmps://live-api-s.facebook.com:443/rtmp/',
    maxBitrate: 9_000_000,
    hint: 'Live Producer → Streaming software. At most 8 hours.',
  },
  custom: {
    label: 'Custom',
    url: '',
    maxBitrate: null,
    hint: 'The address of any RTMP or RTMPS server: rtmps://example.org/live',
  },
};
