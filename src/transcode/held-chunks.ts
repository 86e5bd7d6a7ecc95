import type { GroupBuffer } from '../channel/group-buffer.ts';
import type { Chunk, Epoch } from '../media/chunk.ts';
import { type Milliseconds, ticksToMilliseconds } from '../media/time.ts';
import { isBefore } from './is-before.ts';

/** The chunks of an epoch that the hub still holds, of one kind and not over before `from`, in their order. */
export function heldChunks(
  buffer: GroupBuffer,
  epoch: Epoch,
  kind: Chunk['kind'],
  from: Milliseconds,
): readonly Chunk[] {
  const groups = [];
  for (let group = buffer.newest; group?.epoch === epoch; group = buffer.group(group.sequence - 1)) {
    groups.unshift(group);
  }
  return groups
    .flatMap(({ items }) => items.map(({ chunk }) => chunk))
    .filter((chunk) => chunk.kind === kind && isBefore(from, endOf(chunk)));
}

/** Where a chunk ends on its broadcast's timeline, in ms. */
export const endOf = ({ dts, duration, timescale }: Chunk): number =>
  ticksToMilliseconds(dts, timescale) + ticksToMilliseconds(duration, timescale);
