import 'media-chrome/media-controller.js';
import 'media-chrome/media-captions-button.js';
import 'media-chrome/media-control-bar.js';
import 'media-chrome/media-fullscreen-button.js';
import 'media-chrome/media-mute-button.js';
import 'media-chrome/media-pip-button.js';
import 'media-chrome/media-play-button.js';
import 'media-chrome/media-volume-range.js';
import { type Milliseconds, milliseconds } from '../../media/time.ts';
import type { PlayerStats } from '../player-stats.ts';
import type { DvrPosition } from '../source/rewind-source.ts';
import { adoptStyles } from './adopt-styles.ts';
import { ScrubBar } from './scrub-bar.ts';
import { StatsPanel } from './stats-panel.ts';
import { delayText, type Status, statusText, timeText } from './status-text.ts';
import { StillPicture } from './still-picture.ts';
import { STYLES } from './styles.ts';
import { TEMPLATE } from './template.ts';

/** All that is to be seen besides the picture itself. */
export interface ViewModel extends Status {
  readonly buffering: boolean;
  readonly paused: boolean;
  /** The sound is off only because the browser wants a click first. */
  readonly mutedByBrowser: boolean;
  /** The picture may not start without a click. */
  readonly blocked: boolean;
  readonly delay: Milliseconds | undefined;
  readonly viewers: number | null;
  /** How far back can be gone, and was; undefined where that is not known, or nowhere. */
  readonly dvr: DvrPosition | undefined;
  /** Read only while somebody looks at them. */
  readonly stats: () => PlayerStats | null;
}

/** What the viewer can ask for besides what media-chrome's own controls do. */
export interface ViewActions {
  unmute(): void;
  play(): void;
  /** Plays the broadcast that is over from its beginning. */
  replay(): void;
  seekToLive(): void;
  /** Goes to that distance before live. */
  seek(behind: Milliseconds): void;
  /** Goes forward by that much, or back. */
  seekBy(step: Milliseconds): void;
  /** Somebody is at the controls. */
  lookBack(): void;
}

const SEEK_STEP = 10_000;
const SEEK_KEYS: Record<string, number> = {
  ArrowLeft: -SEEK_STEP,
  ArrowRight: SEEK_STEP,
  j: -SEEK_STEP,
  l: SEEK_STEP,
};

let sheet: CSSStyleSheet | undefined;
let template: HTMLTemplateElement | undefined;

function sharedSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
  }
  return sheet;
}

function instantiate(): DocumentFragment {
  if (!template) {
    template = document.createElement('template');
    template.innerHTML = TEMPLATE;
  }
  const content = document.importNode(template.content, true);
  adoptStyles(content);
  return content;
}

/** The player's shadow tree: the video element, the overlay and the controls. */
export class PlayerView {
  readonly video: HTMLVideoElement;
  /** What is shown while the video element starts over. */
  readonly still: StillPicture;
  readonly #root: ShadowRoot;
  readonly #actions: ViewActions;
  readonly #controller: HTMLElement;
  readonly #overlay: HTMLElement;
  readonly #scrub: ScrubBar;
  readonly #stats: StatsPanel;
  readonly #shown = new Map<string, string>();

  constructor(root: ShadowRoot, actions: ViewActions) {
    this.#root = root;
    this.#actions = actions;
    root.adoptedStyleSheets.push(sharedSheet());
    root.append(instantiate());
    this.video = this.#find<HTMLVideoElement>('video');
    this.still = new StillPicture(this.#find('canvas'));
    this.#controller = this.#find('media-controller');
    this.#overlay = this.#find('.overlay');
    this.#scrub = new ScrubBar(this.#find('.scrub-row'), (behind) => actions.seek(behind));
    this.#stats = new StatsPanel(this.#find('.stats'), this.#find('.stats-button'));
    this.#controller.addEventListener('keydown', (event) => this.#keyPressed(event, actions));
    for (const type of ['pointerenter', 'pointerdown', 'focusin'])
      this.#controller.addEventListener(type, () => actions.lookBack());
    for (const type of ['addtrack', 'removetrack'])
      this.video.textTracks.addEventListener(type, () => this.#showCaptions());
    this.#find('.unmute').addEventListener('click', () => this.#unmute(actions));
    this.#find('.start').addEventListener('click', () => actions.play());
    this.#find('.replay').addEventListener('click', () => this.#replay(actions));
    this.#find('.live').addEventListener('click', () => actions.seekToLive());
  }

  /** Shows or hides everything that can be operated, except what asks for a click that playing needs. */
  set controls(shown: boolean) {
    this.#show('media-control-bar', shown);
    this.#find('.scrub-row').classList.toggle('hidden-by-page', !shown);
    for (const name of ['nohotkeys', 'gesturesdisabled']) this.#controller.toggleAttribute(name, !shown);
  }

  /** A picture for while there is none; null for none. */
  set poster(url: string | null) {
    const image = this.#find<HTMLImageElement>('.poster');
    if (url) image.src = url;
    else image.removeAttribute('src');
    this.#shown.delete('.poster');
  }

  /** Shows the model; what did not change is not touched. */
  render(model: ViewModel): void {
    const { message, detail } = statusText(model);
    const { state, hasPicture, paused } = model;
    const isRewound = state === 'rewound';
    const isLive = state === 'live' || isRewound;
    this.#show('.spinner', (state === 'connecting' && !model.blocked) || model.buffering);
    this.#show('.pulse', state === 'offline');
    this.#text('.message', message);
    this.#text('.detail', detail);
    this.#toggle('scrim', hasPicture && message !== '');
    this.#show('.start', isLive && model.blocked);
    this.#show('.replay', (state === 'offline' || state === 'ended') && ScrubBar.isFor(model.dvr));
    this.#show('.unmute', isLive && model.mutedByBrowser);
    this.#show('.poster', !hasPicture && this.#find('.poster').hasAttribute('src'));
    this.#show('media-play-button', hasPicture && state !== 'ended');
    this.#show('media-pip-button', hasPicture);
    this.#show('.live', isLive);
    this.#find('.live').toggleAttribute('data-live', !paused && !isRewound);
    if (isLive) this.#showDistance(model, isRewound);
    else this.#show('.delay', false);
    this.#scrub.render(model.dvr);
    // Somebody may have been at the controls before there was anything to go back to.
    if (!ScrubBar.isFor(model.dvr) && this.#controller.matches(':hover, :focus-within'))
      this.#actions.lookBack();
    this.#show('.stats-button', hasPicture && message === '');
    // Words over the picture need the room.
    if (!hasPicture || message !== '') this.#stats.close();
    this.#stats.render(model.stats);
    this.#show('.viewers', model.viewers !== null && model.viewers > 0 && state !== 'error');
    this.#text('.viewers-value', String(model.viewers ?? ''));
    const rewound = model.dvr?.complete ? 'Replay' : 'Earlier in the broadcast';
    const playing = isRewound ? rewound : 'Live';
    this.#text('.status', isLive ? (paused ? 'Paused' : playing) : `${message}. ${detail}`);
  }

  #showDistance({ dvr, delay, paused }: ViewModel, isRewound: boolean): void {
    const behind = timeText(dvr?.behind ?? 0);
    const isReplay = isRewound && dvr?.complete === true;
    this.#text('.live-label', isReplay ? 'REPLAY' : 'LIVE');
    if (isReplay) this.#label(`Replay, ${behind} before the end. Leave it for the live picture`);
    else if (isRewound) this.#label(`${behind} before live. Go to the live picture`);
    else this.#label(paused ? 'Paused. Go to the live picture' : 'Live');
    const shown = isRewound ? `−${behind}` : delay !== undefined && !paused ? delayText(delay) : '';
    this.#show('.delay', shown !== '');
    if (shown !== '') this.#text('.delay-value', shown);
  }

  #keyPressed(event: KeyboardEvent, actions: ViewActions): void {
    const step = SEEK_KEYS[event.key];
    const { target } = event;
    const isSlider = target instanceof Element && target.matches('input, media-volume-range');
    if (step === undefined || isSlider || event.ctrlKey || event.altKey || event.metaKey) return;
    if (this.#controller.hasAttribute('nohotkeys')) return;
    event.preventDefault();
    actions.seekBy(milliseconds(step));
  }

  #showCaptions(): void {
    const { textTracks } = this.video;
    this.#show(
      'media-captions-button',
      [...textTracks].some(({ kind }) => kind === 'captions' || kind === 'subtitles'),
    );
  }

  /** The button goes away under the viewer's fingers: the keyboard's focus stays in the player. */
  #unmute(actions: ViewActions): void {
    actions.unmute();
    if (this.#root.activeElement === this.#find('.unmute')) this.#find('media-mute-button').focus();
  }

  /** The same. */
  #replay(actions: ViewActions): void {
    actions.replay();
    if (this.#root.activeElement === this.#find('.replay')) this.#controller.focus();
  }

  #label(label: string): void {
    if (this.#remember('label', label)) this.#find('.live').setAttribute('aria-label', label);
  }

  #toggle(name: string, on: boolean): void {
    if (this.#remember(name, String(on))) this.#overlay.toggleAttribute(`data-${name}`, on);
  }

  #show(selector: string, shown: boolean): void {
    if (this.#remember(selector, String(shown))) this.#find(selector).hidden = !shown;
  }

  #text(selector: string, text: string): void {
    if (this.#remember(selector, text)) this.#find(selector).textContent = text;
  }

  /** True when that is news. */
  #remember(key: string, value: string): boolean {
    if (this.#shown.get(key) === value) return false;
    this.#shown.set(key, value);
    return true;
  }

  #find<T extends HTMLElement = HTMLElement>(selector: string): T {
    const element = this.#root.querySelector<T>(selector);
    if (!element) throw new Error(`The player's template has no ${selector}.`);
    return element;
  }
}
