import { MediaError } from '../media-error.ts';
import type { Bytes } from '../time.ts';
import { EBML_ID, nameElement } from './ebml-id.ts';
import { vintLength } from './ebml-value.ts';
import { PieceQueue } from './piece-queue.ts';

/** What the walker calls, in the order of the stream. */
export interface ElementHandler {
  /** A Segment or a Cluster begins, its header at that byte of the stream. */
  open(id: number, position: number): void;
  /** A whole element, its body a view that may be kept. */
  element(id: number, body: Uint8Array): void;
}

interface Parent {
  readonly id: number;
  readonly end: number;
  readonly unknownSize: boolean;
}

interface Header {
  readonly id: number;
  /** Infinity: unknown. */
  readonly size: number;
  /** Bytes of the header itself. */
  readonly length: number;
}

/** What becomes of an element: it is entered, held until it is whole, or passed over. */
type Treatment = 'enter' | 'hold' | 'skip' | 'misplaced';

const DOCUMENT = new Map<number, Treatment>([
  [EBML_ID.ebml, 'hold'],
  [EBML_ID.segment, 'enter'],
  [EBML_ID.void, 'skip'],
  [EBML_ID.crc32, 'skip'],
]);

const SEGMENT = new Map<number, Treatment>([
  [EBML_ID.info, 'hold'],
  [EBML_ID.tracks, 'hold'],
  [EBML_ID.cluster, 'enter'],
  [EBML_ID.seekHead, 'skip'],
  [EBML_ID.cues, 'skip'],
  [EBML_ID.chapters, 'skip'],
  [EBML_ID.tags, 'skip'],
  [EBML_ID.attachments, 'skip'],
]);

const CLUSTER = new Map<number, Treatment>([
  [EBML_ID.timestamp, 'hold'],
  [EBML_ID.simpleBlock, 'hold'],
  [EBML_ID.blockGroup, 'hold'],
]);

/**
 * Walks the elements of a live EBML stream (RFC 8794 §6, RFC 9559 §25): enters Segments and Clusters, of known and
 * unknown size, hands over the whole elements that matter, passes over the rest without holding it.
 */
export class ElementWalker {
  readonly #handler: ElementHandler;
  readonly #maxElement: Bytes;
  readonly #queue = new PieceQueue();
  #parents: Parent[] = [];
  #position = 0;
  /** Bytes still to be passed over. */
  #skip = 0;
  /** The element that is not whole yet. */
  #held: Header | undefined;

  constructor(handler: ElementHandler, maxElement: Bytes) {
    this.#handler = handler;
    this.#maxElement = maxElement;
  }

  /** Bytes of the stream that were walked over. */
  get position(): number {
    return this.#position;
  }

  /** Bytes that wait for the rest of their element. */
  get retained(): number {
    return this.#queue.length;
  }

  /** Takes the next bytes, and calls the handler for every element that they complete. Throws MediaError. */
  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    while (this.#step());
  }

  /** The next byte to be pushed is at that position, and begins a Cluster of the Segment that is open. */
  skipTo(position: number): void {
    this.#parents = this.#parents.slice(0, 1);
    this.#position = position;
  }

  /** Throws MediaError `container-truncated` when the stream ended within an element of known size. */
  end(): void {
    this.#leaveFinished();
    const within = this.#held ?? this.#parents.find((parent) => !parent.unknownSize);
    if (!within && this.#skip === 0 && this.#queue.length === 0) return;
    const where = within ? `in ${nameElement(within.id)}` : 'in an element';
    throw new MediaError(
      'container-truncated',
      `the WebM stream ended ${where}, after ${this.#position} bytes`,
    );
  }

  /** Does one thing; false when that needs more bytes. */
  #step(): boolean {
    if (this.#skip > 0) {
      this.#advance(this.#queue.skip(this.#skip));
      if (this.#skip > 0) return false;
    }
    if (this.#held) return this.#finishHeld(this.#held);
    this.#leaveFinished();
    const header = this.#readHeader();
    if (!header) return false;
    this.#begin(header);
    return true;
  }

  #advance(count: number): void {
    this.#skip -= count;
    this.#position += count;
  }

  #finishHeld(header: Header): boolean {
    if (this.#queue.length < header.size) return false;
    const body = this.#queue.take(header.size);
    this.#position += header.size;
    this.#held = undefined;
    this.#handler.element(header.id, body);
    return true;
  }

  #leaveFinished(): void {
    while (this.#position >= (this.#parents.at(-1)?.end ?? Infinity)) this.#parents.pop();
  }

  #readHeader(): Header | undefined {
    const queue = this.#queue;
    if (queue.length === 0) return undefined;
    const idLength = vintLength(queue.peek(0));
    if (idLength > 4) throw this.#malformed('there is no valid element ID');
    if (queue.length <= idLength) return undefined;
    const sizeLength = vintLength(queue.peek(idLength));
    if (sizeLength > 8) throw this.#malformed('there is no valid element size');
    if (queue.length < idLength + sizeLength) return undefined;
    let id = 0;
    for (let index = 0; index < idLength; index++) id = id * 256 + queue.peek(index);
    let size = queue.peek(idLength) & (0xff >> sizeLength);
    let ones = size === 0xff >> sizeLength;
    for (let index = 1; index < sizeLength; index++) {
      const byte = queue.peek(idLength + index);
      ones &&= byte === 0xff;
      size = size * 256 + byte;
    }
    return { id, size: ones ? Infinity : size, length: idLength + sizeLength };
  }

  #begin(header: Header): void {
    const { id, size, length } = header;
    this.#leaveUnknownSize(id);
    const treatment = this.#treat(id);
    if (treatment === 'misplaced') throw this.#malformed(`${nameElement(id)} has no place here`);
    if (size === Infinity && treatment !== 'enter')
      throw this.#malformed(`${nameElement(id)} must say its size`);
    if (treatment === 'hold' && size > this.#maxElement) {
      const problem = `${nameElement(id)} has ${size} bytes: at most ${this.#maxElement} are allowed`;
      throw new MediaError('element-too-large', problem);
    }
    const start = this.#position;
    this.#queue.skip(length);
    this.#position += length;
    const limit = this.#parents.at(-1)?.end ?? Infinity;
    const end = size === Infinity ? limit : this.#position + size;
    if (end > limit) throw this.#malformed(`${nameElement(id)} is longer than what it is in`);
    if (treatment === 'skip') this.#skip = size;
    else if (treatment === 'hold') this.#held = header;
    else {
      this.#parents.push({ id, end, unknownSize: size === Infinity });
      this.#handler.open(id, start);
    }
  }

  /** An element of unknown size ends where one begins that can only follow it (RFC 8794 §6.2). */
  #leaveUnknownSize(id: number): void {
    for (;;) {
      const parent = this.#parents.at(-1);
      if (!parent?.unknownSize) return;
      const follows =
        id === EBML_ID.ebml || id === EBML_ID.segment || (parent.id === EBML_ID.cluster && SEGMENT.has(id));
      if (!follows) return;
      this.#parents.pop();
    }
  }

  #treat(id: number): Treatment {
    const parent = this.#parents.at(-1);
    if (!parent) return DOCUMENT.get(id) ?? 'misplaced';
    if (id === EBML_ID.ebml || id === EBML_ID.segment) return 'misplaced';
    const inside = parent.id === EBML_ID.segment ? SEGMENT : CLUSTER;
    if (inside === CLUSTER && SEGMENT.has(id)) return 'misplaced';
    return inside.get(id) ?? 'skip';
  }

  #malformed(problem: string): MediaError {
    const where = `at byte ${this.#position}`;
    return new MediaError('container-malformed', `the WebM stream is damaged ${where}: ${problem}`);
  }
}
