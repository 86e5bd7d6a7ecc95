import type {
  CreateDestination,
  DestinationList,
  DestinationResource,
  DestinationTest,
  UpdateDestination,
} from '../../wire/api.ts';
import { request } from './request.ts';

const pathOf = (channel: string) => `/api/channels/${encodeURIComponent(channel)}/destinations`;
const pathOfOne = (channel: string, id: string) => `${pathOf(channel)}/${encodeURIComponent(id)}`;

/** Where a channel is sent, and how that goes. */
export async function listDestinations(
  channel: string,
  signal?: AbortSignal,
): Promise<readonly DestinationResource[]> {
  return (await request<DestinationList>('GET', pathOf(channel), undefined, signal)).items;
}

/** Throws ApiFailure `url-invalid`, `too-many-destinations`. */
export const createDestination = (channel: string, destination: CreateDestination) =>
  request<DestinationResource>('POST', pathOf(channel), destination);

/** Takes effect at once. Throws ApiFailure `url-invalid`. */
export const updateDestination = (channel: string, id: string, change: UpdateDestination) =>
  request<DestinationResource>('PATCH', pathOfOne(channel, id), change);

/** What is being sent there ends. */
export const deleteDestination = (channel: string, id: string) =>
  request<undefined>('DELETE', pathOfOne(channel, id));

/** Begins or ends sending, for the broadcast that is on. Throws ApiFailure `not-live`. */
export const actOnDestination = (channel: string, id: string, action: 'start' | 'stop') =>
  request<DestinationResource>('POST', `${pathOfOne(channel, id)}/${action}`);

/** Connects, publishes nothing, and reports. */
export const testDestination = (channel: string, id: string) =>
  request<DestinationTest>('POST', `${pathOfOne(channel, id)}/test`);
