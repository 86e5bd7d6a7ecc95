import { peakLevel } from './audio-level.ts';

/** Where sound comes from; each has at most one source. */
export type AudioInput = 'microphone' | 'screen';

/**
 * Mixes the sources into one audio track that never ends or changes, so that a recorder survives every change of
 * device. Silent without a source. Owns its AudioContext; the sources stay their owner's.
 */
export class AudioMixer {
  /** The stable track. */
  readonly track: MediaStreamTrack;
  readonly #context: AudioContext;
  readonly #destination: MediaStreamAudioDestinationNode;
  /** What is heard: the microphone behind its mute, and the screen's sound. */
  readonly #microphone: GainNode;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;
  readonly #sources = new Map<AudioInput, MediaStreamAudioSourceNode>();

  constructor() {
    // Without a speaker: nothing is played, and the loss of an output device cannot stop the sound that is sent.
    const options = { latencyHint: 'interactive', sampleRate: 48_000, sinkId: { type: 'none' } } as const;
    const context = new AudioContext(options);
    this.#context = context;
    this.#destination = context.createMediaStreamDestination();
    this.#microphone = context.createGain();
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 2048;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#microphone.connect(this.#analyser);
    this.#analyser.connect(this.#destination);
    this.#keepRunning();
    const [track] = this.#destination.stream.getAudioTracks();
    if (!track) throw new Error('The browser made no audio track');
    this.track = track;
  }

  /** Lets sound through; browsers may want a click before. */
  async resume(): Promise<void> {
    if (this.#context.state === 'suspended') await this.#context.resume();
  }

  /** Takes the sound from this track from now on; null for none. */
  setSource(input: AudioInput, track: MediaStreamTrack | null): void {
    this.#sources.get(input)?.disconnect();
    this.#sources.delete(input);
    if (!track || this.#context.state === 'closed') return;
    const source = this.#context.createMediaStreamSource(new MediaStream([track]));
    source.connect(input === 'microphone' ? this.#microphone : this.#analyser);
    this.#sources.set(input, source);
  }

  /** Silences the microphone, or lets it be heard again, without a click in the sound. */
  setMuted(muted: boolean): void {
    this.#microphone.gain.setTargetAtTime(muted ? 0 : 1, this.#context.currentTime, 0.01);
  }

  /** The peak of the newest 43 ms of what is sent, in dBFS. */
  get level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return peakLevel(this.#samples);
  }

  /** Ends the track. Idempotent. */
  async close(): Promise<void> {
    this.track.stop();
    if (this.#context.state !== 'closed') await this.#context.close();
  }

  /** A destination without any source makes no samples at all, and a recorder then waits for them for ever. */
  #keepRunning(): void {
    const silence = this.#context.createConstantSource();
    const mute = this.#context.createGain();
    mute.gain.value = 0;
    silence.connect(mute).connect(this.#destination);
    silence.start();
  }
}
