import type {
  BroadcastResource,
  ChannelList,
  ChannelResource,
  ChannelWithKey,
  CreateChannel,
  StreamKeyResource,
  UpdateChannel,
} from '../../wire/api.ts';
import { ApiFailure } from './api-failure.ts';
import { request } from './request.ts';

const pathOf = (name: string) => `/api/channels/${encodeURIComponent(name)}`;

/** Every channel, by name. */
export async function listChannels(signal?: AbortSignal): Promise<readonly ChannelResource[]> {
  return (await request<ChannelList>('GET', '/api/channels', undefined, signal)).items;
}

/** One channel. Throws ApiFailure `channel-not-found`. */
export const getChannel = (name: string) => request<ChannelResource>('GET', pathOf(name));

/** Throws ApiFailure `channel-exists`. */
export const createChannel = (channel: CreateChannel) =>
  request<ChannelWithKey>('POST', '/api/channels', channel);

/** Throws ApiFailure `channel-live` when a channel that is on is to be renamed. */
export const updateChannel = (name: string, change: UpdateChannel) =>
  request<ChannelResource>('PATCH', pathOf(name), change);

/** Ends its broadcast too; its recordings stay. */
export const deleteChannel = (name: string) => request<undefined>('DELETE', pathOf(name));

/** The stream key, which is only sent when asked for. */
export async function getStreamKey(name: string): Promise<string> {
  return (await request<StreamKeyResource>('GET', `${pathOf(name)}/key`)).streamKey;
}

/** A new stream key; the old one is good for nothing any more. */
export async function rotateStreamKey(name: string): Promise<string> {
  return (await request<ChannelWithKey>('POST', `${pathOf(name)}/key`)).streamKey;
}

/** The broadcast that is on; null for none. */
export async function getBroadcast(name: string): Promise<BroadcastResource | null> {
  try {
    return await request<BroadcastResource>('GET', `${pathOf(name)}/broadcast`);
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 'not-live') return null;
    throw error;
  }
}
