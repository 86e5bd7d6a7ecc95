import { readAmf0 } from './amf0-reader.ts';
import type { Amf0Value } from './amf0-value.ts';
import { writeAmf0 } from './amf0-writer.ts';
import { MESSAGE, type RtmpMessage } from './message.ts';
import { RtmpError } from './rtmp-error.ts';

/** A command (RTMP specification 1.0, §7.2): `connect`, `publish`, and their answers `_result`, `_error`, `onStatus`. */
export interface RtmpCommand {
  readonly name: string;
  /** What an answer refers to; 0 for none. */
  readonly transaction: number;
  /** Command object, then what else there is. */
  readonly arguments: readonly Amf0Value[];
}

/** Writes a command in AMF0. */
export function writeCommand(command: RtmpCommand, streamId = 0): RtmpMessage {
  const payload = writeAmf0([command.name, command.transaction, ...command.arguments]);
  return { type: MESSAGE.commandAmf0, streamId, timestamp: 0, payload };
}

/** Reads a command, in AMF0 or in what calls itself AMF3 and is AMF0 behind a byte. Throws RtmpError. */
export function readCommand({ type, payload }: RtmpMessage): RtmpCommand {
  const [name, transaction, ...rest] = readAmf0(type === MESSAGE.commandAmf3 ? payload.subarray(1) : payload);
  if (typeof name !== 'string') throw new RtmpError('rtmp-amf-malformed', 'a command has no name');
  return { name, transaction: typeof transaction === 'number' ? transaction : 0, arguments: rest };
}
