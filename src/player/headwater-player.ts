import { type Milliseconds, milliseconds } from '../media/time.ts';
import { findMediaSource } from './buffer/media-source-type.ts';
import { browserClock } from './clock.ts';
import { followEvents } from './hls/channel-news.ts';
import { channelUrls, PlayUrlError } from './load/channel-urls.ts';
import { openBrowserSocket } from './load/play-socket.ts';
import { Player } from './player.ts';
import type { PlayerStats } from './player-stats.ts';
import type { TransportChoice } from './source/live-sources.ts';
import { SourceFactory } from './source/source-factory.ts';
import type { Delay } from './sync/delay-meter.ts';
import { PlayerView } from './ui/player-view.ts';
import type { PlayerProblem, PlayerState } from './viewer-state.ts';

const DELAY_SHOWN_EVERY = 500;
const FORWARDED = [
  'play',
  'pause',
  'volumechange',
  'resize',
  'enterpictureinpicture',
  'leavepictureinpicture',
];
const OFF = new Set(['off', 'false', 'none']);

/** `<headwater-player src="/live/main">`: plays a channel. Documented in `docs/player.md`. */
export class HeadwaterPlayer extends HTMLElement {
  static readonly observedAttributes = ['src', 'muted', 'controls', 'poster', 'target-latency', 'transport'];
  readonly #view: PlayerView;
  #connected = false;
  #player: Player | undefined;
  #badSrc: PlayerProblem | undefined;
  #state: PlayerState = 'connecting';
  #problem: PlayerProblem | undefined;
  #viewers: number | null = null;
  #transport: PlayerStats['transport'] = null;
  #delay: Delay | undefined;
  #delayAt = Number.NEGATIVE_INFINITY;

  constructor() {
    super();
    this.#view = new PlayerView(this.attachShadow({ mode: 'open' }), {
      unmute: () => this.#player?.intent.unmute(),
      play: () => this.play(),
      replay: () => this.#player?.replay(),
      seekToLive: () => this.seekToLive(),
      seek: (behind) => this.#player?.seek(behind),
      seekBy: (step) => this.#player?.seekBy(step),
      lookBack: () => this.#player?.lookBack(),
    });
    for (const type of FORWARDED) {
      this.video.addEventListener(type, () => this.dispatchEvent(new Event(type)));
    }
    this.#render();
  }

  connectedCallback(): void {
    this.#connected = true;
    this.video.muted = this.hasAttribute('muted');
    this.#adoptTracks();
    this.#open();
  }

  disconnectedCallback(): void {
    this.#connected = false;
    this.#close();
  }

  attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    if (before === value) return;
    // While an element that is already in the page is upgraded, its attributes come before connectedCallback.
    if ((name === 'src' || name === 'transport') && this.#connected) this.#open();
    else if (name === 'muted' && this.#connected) this.video.muted = value !== null;
    else if (name === 'controls') this.#view.controls = !OFF.has(value ?? '');
    else if (name === 'poster') {
      this.#view.poster = value;
      this.#render();
    } else if (name === 'target-latency' && this.#player) this.#player.targetLatency = this.#targetLatency();
  }

  /** The video element inside, for what is not offered here. Its source, time and rate belong to the player. */
  get video(): HTMLVideoElement {
    return this.#view.video;
  }

  /** The channel's media prefix, such as `/live/main`. */
  get src(): string {
    return this.getAttribute('src') ?? '';
  }
  set src(src: string) {
    this.setAttribute('src', src);
  }

  /** Starts by itself; true unless the attribute says `off`. */
  get autoplay(): boolean {
    return !OFF.has(this.getAttribute('autoplay') ?? '');
  }
  set autoplay(autoplay: boolean) {
    if (autoplay) this.removeAttribute('autoplay');
    else this.setAttribute('autoplay', 'off');
  }

  /** Shows controls; true unless the attribute says `none`. */
  get controls(): boolean {
    return !OFF.has(this.getAttribute('controls') ?? '');
  }
  set controls(controls: boolean) {
    if (controls) this.removeAttribute('controls');
    else this.setAttribute('controls', 'none');
  }

  /** A picture for while there is none; empty for none. */
  get poster(): string {
    return this.getAttribute('poster') ?? '';
  }
  set poster(poster: string) {
    if (poster) this.setAttribute('poster', poster);
    else this.removeAttribute('poster');
  }

  /** The sound is off. */
  get muted(): boolean {
    return this.video.muted;
  }
  set muted(muted: boolean) {
    this.video.muted = muted;
  }

  /** From 0 to 1. */
  get volume(): number {
    return this.video.volume;
  }
  set volume(volume: number) {
    this.video.volume = volume;
  }

  /** The picture is not meant to move. */
  get paused(): boolean {
    return this.#player ? !this.#player.intent.wanted : true;
  }

  /** The delay to keep, in seconds, where it is more than what is safe; null for as little as is safe. */
  get targetLatency(): number | null {
    const latency = this.#targetLatency();
    return latency === undefined ? null : latency / 1000;
  }
  set targetLatency(seconds: number | null) {
    if (seconds === null) this.removeAttribute('target-latency');
    else this.setAttribute('target-latency', String(seconds));
  }

  /** Which ways media may come: `auto` is the WebSocket, and HLS where that fails. */
  get transport(): TransportChoice {
    const choice = this.getAttribute('transport');
    return choice === 'websocket' || choice === 'hls' ? choice : 'auto';
  }
  set transport(choice: TransportChoice) {
    if (choice === 'auto') this.removeAttribute('transport');
    else this.setAttribute('transport', choice);
  }

  /** What the viewer is told now. */
  get state(): PlayerState {
    return this.#problem ? 'error' : this.#state;
  }

  /** Why the state is `error`; null in every other state. */
  get error(): PlayerProblem | null {
    return this.#problem ?? null;
  }

  /** The measured delay in milliseconds; null before it is known. */
  get delay(): Milliseconds | null {
    return this.#player?.delay?.delay ?? null;
  }

  /** What the delay counts from: `capture`, `arrival` at the server, or `buffer`; null before it is known. */
  get delayFrom(): Delay['from'] | null {
    return this.#player?.delay?.from ?? null;
  }

  /** How many watch; null before the server told. */
  get viewers(): number | null {
    return this.#viewers;
  }

  /** The broadcast's title; null where it has none. */
  get broadcastTitle(): string | null {
    return this.#player?.title ?? null;
  }

  /** How far the picture lies before the live one, in seconds: more than 0 for a viewer who went back. */
  get behind(): number {
    return (this.#player?.dvr?.behind ?? 0) / 1000;
  }

  /** How far back can be gone, in seconds; null before somebody looked, and where nowhere. */
  get dvrLength(): number | null {
    const length = this.#player?.dvr?.length;
    return length === undefined ? null : length / 1000;
  }

  /** What plays is a broadcast that is over. */
  get replaying(): boolean {
    return this.state === 'rewound' && this.#player?.dvr?.complete === true;
  }

  /** How playing goes; null without a `src`. */
  get stats(): PlayerStats | null {
    return this.#player?.stats ?? null;
  }

  /** Plays: at the live edge, or on from where a viewer who went back paused. */
  play(): void {
    this.#player?.play();
  }

  /** Stands still on the present picture. */
  pause(): void {
    this.#player?.intent.pause();
  }

  /** Plays, at the live edge. */
  seekToLive(): void {
    this.#player?.seekToLive();
  }

  /** Goes back to that many seconds before live, as far as the broadcast can be gone back in; 0 is live. */
  seek(behind: number): void {
    this.#player?.seekBehind(milliseconds(behind * 1000));
  }

  #targetLatency(): Milliseconds | undefined {
    const seconds = Number.parseFloat(this.getAttribute('target-latency') ?? '');
    return seconds >= 0 && seconds <= 30 ? milliseconds(seconds * 1000) : undefined;
  }

  /** Captions that the page gives are shown as the video element's own. */
  #adoptTracks(): void {
    this.video.replaceChildren(
      ...[...this.querySelectorAll(':scope > track')].map((track) => track.cloneNode()),
    );
  }

  #open(): void {
    this.#close();
    this.#badSrc = undefined;
    if (this.src) {
      try {
        this.#player = this.#makePlayer();
        this.#player.targetLatency = this.#targetLatency();
        if (this.autoplay) this.#player.intent.play();
        this.#player.start();
      } catch (error) {
        if (!(error instanceof PlayUrlError)) throw error;
        this.#badSrc = { code: 'bad-src', message: error.message };
      }
    }
    this.#render();
  }

  #makePlayer(): Player {
    const media = this.video;
    const urls = channelUrls(this.src, this.baseURI);
    const clock = browserClock;
    const call = globalThis.fetch.bind(globalThis);
    const sources = new SourceFactory({
      ...{ media, urls, clock, random: Math.random, fetch: call },
      openSocket: openBrowserSocket,
      mediaSource: findMediaSource(globalThis),
      // A file of its own, that most viewers never need.
      loadHls: async () => (await import('hls.js')).default,
      followNews: followEvents(urls.events),
    });
    const { still } = this.#view;
    const onChange = () => this.#render();
    return new Player({ media, still, urls, choice: this.transport, clock, fetch: call, sources, onChange });
  }

  #close(): void {
    this.#player?.close();
    this.#player = undefined;
    this.#viewers = null;
    this.#delayAt = Number.NEGATIVE_INFINITY;
    this.#delay = undefined;
  }

  #render(): void {
    const player = this.#player;
    const intent = player?.intent;
    const problem = this.#badSrc ?? player?.problem;
    const state = problem ? 'error' : (player?.state ?? 'connecting');
    this.#measure();
    this.#view.render({
      state,
      problem,
      hasPicture: player?.hasPicture ?? false,
      buffering: player?.buffering ?? false,
      paused: intent ? !intent.wanted : true,
      mutedByBrowser: intent?.mutedByBrowser ?? false,
      blocked: intent?.blocked ?? false,
      delay: this.#delay?.delay,
      viewers: player?.viewers ?? null,
      dvr: player?.dvr,
      stats: () => player?.stats ?? null,
    });
    this.#tellChanges(state, problem, player?.viewers ?? null);
    this.#tellTransport(player?.transport ?? null);
  }

  #measure(): void {
    const now = performance.now();
    if (now - this.#delayAt < DELAY_SHOWN_EVERY) return;
    const delay = this.#player?.delay;
    if (!delay && !this.#delay) return;
    this.#delayAt = now;
    this.#delay = delay;
    this.#dispatch('delaychange', { delay: delay?.delay ?? null, from: delay?.from ?? null });
  }

  #tellChanges(state: PlayerState, problem: PlayerProblem | undefined, viewers: number | null): void {
    const previous = this.#state;
    const isNewProblem = problem !== undefined && problem.message !== this.#problem?.message;
    this.#state = state;
    this.#problem = problem;
    if (viewers !== this.#viewers) {
      this.#viewers = viewers;
      this.#dispatch('viewerschange', { viewers });
    }
    if (state !== previous) {
      this.dataset.state = state;
      this.#dispatch('statechange', { state, previous });
    }
    if (isNewProblem) this.#dispatch('error', problem);
  }

  #tellTransport(transport: PlayerStats['transport']): void {
    const previous = this.#transport;
    if (transport === previous) return;
    this.#transport = transport;
    this.#dispatch('transportchange', { transport, previous });
  }

  #dispatch(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

if (!customElements.get('headwater-player')) customElements.define('headwater-player', HeadwaterPlayer);

declare global {
  interface HTMLElementTagNameMap {
    'headwater-player': HeadwaterPlayer;
  }
}
