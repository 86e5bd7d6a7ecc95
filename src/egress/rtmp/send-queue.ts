import { lengthOf } from '../../media/rtmp/message.ts';
import type { TimedMessage } from './splicer.ts';

/** What was left out because a server did not take it in time. */
export interface DroppedCounts {
  readonly groups: number;
  readonly messages: number;
  readonly bytes: number;
}

/** How much may wait to be sent. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_SPAN = 5000;

/**
 * Messages that a slow server has not taken yet, bounded in bytes and in time: then all up to the newest group is left
 * out, so that what is sent can always be decoded.
 */
export class SendQueue {
  #messages: TimedMessage[] = [];
  #bytes = 0;
  /** The last group was cut off: nothing may follow before the next one. */
  #isCut = false;
  #groups = 0;
  #dropped = 0;
  #droppedBytes = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  get dropped(): DroppedCounts {
    return { groups: this.#groups, messages: this.#dropped, bytes: this.#droppedBytes };
  }

  push(message: TimedMessage): void {
    if (message.startsGroup) this.#isCut = false;
    if (this.#isCut && !message.isConfiguration) {
      this.#count(message);
      return;
    }
    this.#messages.push(message);
    this.#bytes += lengthOf(message);
    if (this.#bytes > MAX_BYTES || this.#span > MAX_SPAN) this.#skip();
  }

  /** The next message to send. */
  shift(): TimedMessage | undefined {
    const message = this.#messages.shift();
    if (message) this.#bytes -= lengthOf(message);
    return message;
  }

  get #span(): number {
    return (this.#messages.at(-1)?.timestamp ?? 0) - (this.#messages[this.#firstMedia]?.timestamp ?? 0);
  }

  /** Configurations that are kept before it may be old. */
  get #firstMedia(): number {
    return this.#messages.findIndex(({ isConfiguration }) => !isConfiguration);
  }

  /** Leaves out all before the newest group; that as well, where nothing else would make room. */
  #skip(): void {
    const newest = this.#messages.findLastIndex(({ startsGroup }) => startsGroup);
    this.#isCut = newest <= this.#firstMedia;
    const end = this.#isCut ? this.#messages.length : newest;
    const kept = this.#messages.slice(end);
    const skipped = this.#messages.slice(0, end);
    this.#messages = [...lastConfigurations(skipped), ...kept];
    const media = skipped.filter(({ isConfiguration }) => !isConfiguration);
    for (const message of media) this.#count(message);
    const sentInPart = media[0]?.startsGroup === false ? 1 : 0;
    this.#groups += sentInPart + media.filter(({ startsGroup }) => startsGroup).length;
    this.#bytes = this.#messages.reduce((sum, message) => sum + lengthOf(message), 0);
  }

  #count(message: TimedMessage): void {
    this.#dropped += 1;
    this.#droppedBytes += lengthOf(message);
  }
}

/** Of each kind the newest: what follows is decoded with it. */
function lastConfigurations(messages: readonly TimedMessage[]): TimedMessage[] {
  const last = new Map<number, TimedMessage>();
  for (const message of messages) if (message.isConfiguration) last.set(message.type, message);
  return [...last.values()];
}
