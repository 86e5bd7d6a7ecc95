import { MediaError } from '../media-error.ts';

/** Reads bits from the most significant on. Reading beyond the end throws MediaError `codec-malformed`. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #position = 0;

  /** `what` names the structure in the error: "the sequence parameter set". */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** Bits that are left. */
  get left(): number {
    return this.#bytes.length * 8 - this.#position;
  }

  /** An unsigned number of up to 32 bits. */
  bits(count: number): number {
    if (count > this.left) throw this.malformed('ends too soon');
    let value = 0;
    for (let wanted = count; wanted > 0; ) {
      const inByte = 8 - (this.#position & 7);
      const taken = Math.min(inByte, wanted);
      const byte = this.#bytes[this.#position >> 3] ?? 0;
      value = value * 2 ** taken + ((byte >> (inByte - taken)) & ((1 << taken) - 1));
      this.#position += taken;
      wanted -= taken;
    }
    return value;
  }

  /** One bit. */
  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** Passes over bits, any number of them. */
  skip(count: number): void {
    if (count > this.left) throw this.malformed('ends too soon');
    this.#position += count;
  }

  /** Exp-Golomb code of at most 32 bits, ue(v) (ISO/IEC 14496-10 §9.1); also AV1's uvlc(). */
  unsignedExpGolomb(): number {
    let zeros = 0;
    while (!this.flag()) {
      zeros += 1;
      if (zeros > 31) throw this.malformed('has a number that is too long');
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Signed Exp-Golomb code, se(v) (ISO/IEC 14496-10 §9.1.1). */
  signedExpGolomb(): number {
    const code = this.unsignedExpGolomb();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  /** An error that names the structure that is being read. */
  malformed(problem: string): MediaError {
    return new MediaError('codec-malformed', `${this.#what} ${problem}`);
  }
}
