import type { Broadcast, BroadcastTap } from '../channel/broadcast.ts';
import type { Clock, Timer } from '../channel/clock.ts';
import type { Log } from '../channel/log.ts';
import type { EarlierMedia, Rendition, RenditionState } from '../channel/rendition.ts';
import type { Chunk, Epoch } from '../media/chunk.ts';
import { type Milliseconds, milliseconds } from '../media/time.ts';
import type { Track } from '../media/track.ts';
import { endOf, heldChunks } from './held-chunks.ts';
import { isBefore } from './is-before.ts';
import { RecentOutput } from './recent-output.ts';
import type { Recipe } from './recipe.ts';
import { RenditionOutput } from './rendition-output.ts';
import type { ChildExit, OpenChild } from './transcode-child.ts';
import { TranscodeRun } from './transcode-run.ts';

/** What a transcode needs of the server's {@link Transcoder}. */
export interface TranscodeHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly openChild: OpenChild;
  /** Why no child can be started now, in words; undefined where one can: then it is counted until {@link closed}. */
  admit(recipe: Recipe): Promise<string | undefined>;
  started(): void;
  closed(): void;
  failed(how: { readonly stuck: boolean; readonly missing: boolean }): void;
  /** So much of what is made of sound is kept, for {@link Rendition.follow}. */
  readonly kept: Milliseconds;
}

/** A player that reloads, or a platform that reconnects, finds the child still running. */
const LINGER = milliseconds(30_000);
const FIRST_RETRY = 1000;
const LAST_RETRY = 30_000;
/** After so long without a failure the next one is the first. */
const HEALTHY = 30_000;

const WORDS: Record<RenditionState, string> = {
  idle: 'not needed by anybody now',
  waiting: 'the broadcast has nothing that it could be made of',
  starting: 'being started',
  running: 'running',
  failing: 'failed',
  unavailable: 'cannot be made',
  ended: 'the broadcast is over',
};

/**
 * Keeps one rendition of one broadcast going while somebody follows it: a child at a time, another one for each epoch and
 * after each failure, fed from where the last one left off as far as the hub still holds it. Where the broadcast has what
 * is wanted, its own chunks are passed on.
 */
export class Transcode implements Rendition {
  /** Settles when the broadcast is over and the last of the rendition is out. */
  readonly closed: Promise<void>;
  readonly #broadcast: Broadcast;
  readonly #recipe: Recipe;
  readonly #host: TranscodeHost;
  readonly #followers = new Set<BroadcastTap>();
  readonly #output: RenditionOutput;
  readonly #recent: RecentOutput;
  #state: RenditionState = 'idle';
  #words = WORDS.idle;
  readonly #settleClosed: () => void;
  #leave: (() => void) | undefined;
  #linger: Timer | undefined;
  #retry: Timer | undefined;
  #source: { readonly epoch: Epoch; readonly track: Track | undefined } | undefined;
  #run: TranscodeRun | undefined;
  #copying = false;
  #admitting = false;
  #failures = 0;
  #over = false;
  /** Nothing before it is fed. */
  #from = 0;
  #earlier: EarlierMedia | undefined;

  constructor(broadcast: Broadcast, recipe: Recipe, host: TranscodeHost) {
    this.#broadcast = broadcast;
    this.#recipe = recipe;
    this.#host = host;
    this.#recent = new RecentOutput(host.kept);
    this.#output = new RenditionOutput(recipe, {
      epoch: (epoch) => this.#tell((follower) => follower.epoch(epoch)),
      chunk: (chunk) => this.#pass(chunk),
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settleClosed = resolve;
    if (broadcast.state === 'ended') this.#endBroadcast();
    else void broadcast.closed.then(() => this.#endBroadcast());
  }

  get state(): RenditionState {
    return this.#state;
  }

  get words(): string {
    return this.#words;
  }

  get epoch(): Epoch | undefined {
    return this.#output.epoch;
  }

  follow(tap: BroadcastTap, earlier?: EarlierMedia): () => void {
    if (this.#state === 'ended') {
      tap.end();
      return () => {};
    }
    this.#linger?.cancel();
    const told = earlier && this.#recent.replay(tap);
    if (this.#output.epoch && this.#output.epoch !== told) tap.epoch(this.#output.epoch);
    this.#followers.add(tap);
    this.#earlier = earlier;
    this.#begin();
    return () => {
      if (!this.#followers.delete(tap) || this.#followers.size > 0 || this.#over) return;
      this.#linger = this.#host.clock.after(LINGER, () => this.#stop());
    };
  }

  /** Kills the child, if there is one; the rendition does not go on. For the end of the server. */
  close(): void {
    this.#stop();
    this.#endBroadcast();
  }

  #begin(): void {
    if (this.#leave || this.#over) return;
    const { buffer } = this.#broadcast;
    this.#from = this.#recipe.startsAtNewest ? (buffer.newest?.start ?? 0) : 0;
    this.#leave = this.#broadcast.tap({
      epoch: (epoch) => this.#useEpoch(epoch),
      chunk: (chunk) => this.#take(chunk),
      end: () => this.#endBroadcast(),
    });
    if (!this.#source) this.#become('waiting');
  }

  #stop(): void {
    this.#leave?.();
    this.#leave = undefined;
    this.#linger?.cancel();
    this.#retry?.cancel();
    this.#source = undefined;
    this.#copying = false;
    this.#recent.clear();
    this.#run?.end();
    if (!this.#over) this.#become('idle');
  }

  #useEpoch(epoch: Epoch): void {
    this.#source = { epoch, track: epoch.tracks.find(({ kind }) => kind === this.#recipe.kind) };
    this.#copying = false;
    this.#failures = 0;
    this.#retry?.cancel();
    // What the last epoch still has comes first.
    if (this.#run) this.#run.end();
    else this.#next();
  }

  #take(chunk: Chunk): void {
    if (chunk.kind !== this.#recipe.kind || !this.#source?.track) return;
    if (this.#copying) this.#output.copy(this.#source.epoch, this.#source.track, chunk);
    else if (this.#run) this.#feed(this.#run, chunk);
  }

  #feed(run: TranscodeRun, chunk: Chunk): void {
    run.feed(chunk);
    if (run.keepsUp) return;
    // It would be no faster with what it did not manage.
    this.#from = this.#newestGroup();
    run.giveUp();
  }

  /** No child is running: does what the present epoch needs. */
  #next(): void {
    if (!this.#source) return;
    const { epoch, track } = this.#source;
    if (!track) this.#become('waiting');
    else if (this.#recipe.copies(track)) this.#copy(epoch, track);
    else void this.#start(epoch, track);
  }

  #copy(epoch: Epoch, track: Track): void {
    this.#copying = true;
    this.#become('running', 'running; the broadcast has it already');
    const from = Math.max(this.#from, this.#output.end);
    for (const chunk of this.#held(epoch, from)) this.#output.copy(epoch, track, chunk);
  }

  async #start(epoch: Epoch, track: Track): Promise<void> {
    if (this.#admitting) return;
    this.#become('starting');
    this.#admitting = true;
    const refusal = await this.#host.admit(this.#recipe);
    this.#admitting = false;
    if (this.#source?.epoch !== epoch) {
      if (refusal === undefined) this.#host.closed();
      this.#next();
      return;
    }
    if (refusal === undefined) this.#open(epoch, track);
    else {
      this.#host.log.warn({ ...this.#about(), why: refusal }, 'a transcode cannot be started');
      this.#retryLater('unavailable', refusal);
    }
  }

  #open(epoch: Epoch, track: Track): void {
    const { log } = this.#host;
    const run = this.#openRun(epoch, track);
    if (!run) return;
    this.#run = run;
    this.#host.started();
    log.info({ ...this.#about(), pid: run.pid }, 'a transcode started');
    const from = Math.max(this.#from, this.#output.end - this.#recipe.preroll);
    // The hub may hold less of it than a follower does; what both have is taken once.
    for (const chunk of this.#earlier?.(epoch) ?? []) if (isBefore(from, endOf(chunk))) run.feed(chunk);
    this.#earlier = undefined;
    for (const chunk of this.#held(epoch, from)) run.feed(chunk);
    void run.closed.then((exit) => this.#runClosed(run, exit));
  }

  #openRun(epoch: Epoch, track: Track): TranscodeRun | undefined {
    const { clock, log, openChild } = this.#host;
    try {
      return new TranscodeRun({
        ...{ recipe: this.#recipe, epoch, track, output: this.#output, openChild, clock },
        onStarted: () => this.#become('running'),
      });
    } catch (error) {
      // One that nobody foresaw must not end more than this.
      log.error({ ...this.#about(), err: error }, 'a transcode failed unforeseen');
      this.#host.closed();
      this.#retryLater('failing', 'it cannot be started, for a reason that the log has');
      return undefined;
    }
  }

  #runClosed(run: TranscodeRun, exit: ChildExit): void {
    this.#run = undefined;
    this.#host.closed();
    if (this.#over) this.#finish();
    else if (run.ending) this.#next();
    else if (this.#source) this.#fail(run, exit);
  }

  #fail(run: TranscodeRun, { missing, words }: ChildExit): void {
    this.#host.failed({ stuck: run.givenUp, missing });
    if (run.started && run.age >= HEALTHY) this.#failures = 0;
    // What it died of may be what it was fed with first.
    if (!run.started) this.#from = this.#newestGroup();
    this.#host.log.warn({ ...this.#about(), why: words }, 'a transcode failed');
    this.#retryLater(missing ? 'unavailable' : 'failing', words);
  }

  #retryLater(state: RenditionState, words: string): void {
    const delay = Math.min(FIRST_RETRY * 2 ** this.#failures, LAST_RETRY);
    this.#failures += 1;
    this.#become(state, words);
    this.#retry = this.#host.clock.after(milliseconds(delay), () => this.#next());
  }

  #endBroadcast(): void {
    if (this.#over) return;
    this.#over = true;
    this.#linger?.cancel();
    this.#retry?.cancel();
    this.#source = undefined;
    if (this.#run) this.#run.end();
    else this.#finish();
  }

  #finish(): void {
    this.#become('ended');
    this.#tell((follower) => follower.end());
    this.#followers.clear();
    this.#settleClosed();
  }

  #held(epoch: Epoch, from: number): readonly Chunk[] {
    return heldChunks(this.#broadcast.buffer, epoch, this.#recipe.kind, milliseconds(from));
  }

  #newestGroup(): Milliseconds {
    return this.#broadcast.buffer.newest?.start ?? this.#output.end;
  }

  #pass(chunk: Chunk): void {
    const { epoch } = this.#output;
    if (epoch && this.#leave && !this.#copying && this.#recipe.kind === 'audio')
      this.#recent.add(epoch, chunk);
    this.#tell((follower) => follower.chunk(chunk));
  }

  #become(state: RenditionState, words = WORDS[state]): void {
    this.#state = state;
    this.#words = `${this.#recipe.name}: ${words}`;
  }

  #about(): object {
    const { id, channel } = this.#broadcast.info;
    return { broadcast: id, channel, rendition: this.#recipe.name };
  }

  #tell(call: (follower: BroadcastTap) => void): void {
    for (const follower of [...this.#followers]) call(follower);
  }
}
