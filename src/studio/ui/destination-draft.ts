import type { CreateDestination, DestinationResource, UpdateDestination } from '../../wire/api.ts';
import { type DestinationProvider, PROVIDER_PRESETS } from '../../wire/destination-providers.ts';

/** A destination as its form has it: everything as text, as it is typed. */
export interface DestinationDraft {
  readonly name: string;
  readonly provider: DestinationProvider;
  readonly url: string;
  /** Empty: the stored one stays. */
  readonly streamKey: string;
  readonly playbackUrl: string;
  readonly when: DestinationResource['when'];
  readonly mode: DestinationResource['mode'];
  /** Minutes; empty for none. */
  readonly longest: string;
}

const MINUTE = 60_000;

/** What a form begins with. */
export function draftOf(destination: DestinationResource | 'new'): DestinationDraft {
  if (destination === 'new') {
    const provider = 'youtube';
    const { label, url } = PROVIDER_PRESETS[provider];
    return {
      ...{ name: label, provider, url, streamKey: '', playbackUrl: '' },
      ...{ when: 'always', mode: 'copy', longest: '' },
    };
  }
  const { name, provider, url, playbackUrl, when, mode, maxDuration } = destination;
  const longest = maxDuration === null ? '' : String(maxDuration / MINUTE);
  return { name, provider, url, streamKey: '', playbackUrl: playbackUrl ?? '', when, mode, longest };
}

/** Another platform: its address, and its name where none of one's own was given. */
export function withProvider(draft: DestinationDraft, provider: DestinationProvider): DestinationDraft {
  const before = PROVIDER_PRESETS[draft.provider];
  const next = PROVIDER_PRESETS[provider];
  return {
    ...draft,
    provider,
    url: draft.url === before.url || draft.url === '' ? next.url : draft.url,
    name: draft.name === before.label || draft.name === '' ? next.label : draft.name,
  };
}

/** What adding it says to the server. */
export function createOf(draft: DestinationDraft): CreateDestination {
  const { name, provider, url, streamKey, when, mode } = draft;
  return { name, provider, url: url.trim(), streamKey: streamKey.trim(), when, mode, ...optionsOf(draft) };
}

/** What changing it says: a key that was left empty stays as it is. */
export function changeOf(draft: DestinationDraft): UpdateDestination {
  const { streamKey, ...rest } = createOf(draft);
  return streamKey ? { ...rest, streamKey } : rest;
}

function optionsOf({ playbackUrl, longest }: DestinationDraft) {
  return {
    playbackUrl: playbackUrl.trim() || null,
    maxDuration: longest.trim() === '' ? null : Math.round(Number(longest) * MINUTE),
  };
}
