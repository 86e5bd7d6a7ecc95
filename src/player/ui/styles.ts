/** The look of the player. What a page may change are the `--headwater-*` properties and the parts. */
export const STYLES = `
:host {
  --_accent: var(--headwater-accent, #e5484d);
  --_text: var(--headwater-text, #fff);
  --_scrim: var(--headwater-scrim, rgb(0 0 0 / 0.62));
  --_focus: var(--headwater-focus, #fff);
  display: block;
  box-sizing: border-box;
  width: 100%;
  position: relative;
  aspect-ratio: var(--headwater-aspect-ratio, 16 / 9);
  overflow: hidden;
  background: var(--headwater-background, #000);
  color: var(--_text);
  color-scheme: dark;
  font: 400 1rem / 1.4 var(--headwater-font, system-ui, sans-serif);
  container-type: size;
}
:host([hidden]) { display: none; }
[hidden], .hidden-by-page { display: none !important; }
* { box-sizing: border-box; }

media-controller {
  display: block;
  width: 100%;
  height: 100%;
  --media-background-color: transparent;
  --media-primary-color: var(--_text);
  --media-secondary-color: transparent;
  --media-control-background: transparent;
  --media-control-hover-background: rgb(255 255 255 / 0.14);
  --media-tooltip-background-color: rgb(0 0 0 / 0.85);
  --media-tooltip-distance: 4px;
  --media-focus-box-shadow: inset 0 0 0 2px var(--_focus);
  --media-font-family: var(--headwater-font, system-ui, sans-serif);
  --media-font-weight: 500;
  --media-range-track-height: 4px;
  --media-range-track-border-radius: 2px;
  --media-range-thumb-width: 12px;
  --media-range-thumb-height: 12px;
  --media-control-height: 24px;
  --media-control-padding: 10px;
}
media-controller:focus-visible { outline: 2px solid var(--_focus); outline-offset: -2px; }
media-controller::part(poster-layer) { display: block; }
video, .poster, .still { display: block; width: 100%; height: 100%; object-fit: var(--headwater-object-fit, contain); }
.stills { position: relative; width: 100%; height: 100%; }
.poster, .still { position: absolute; inset: 0; }
video:focus { outline: none; }

.overlay {
  position: absolute;
  inset: 0;
  display: flex;
  flex-direction: column;
  align-items: center;
  justify-content: center;
  gap: 0.25rem;
  padding: 1rem 1.25rem 3.25rem;
  text-align: center;
  line-height: 1.35;
  pointer-events: none;
  background: transparent;
  transition: background 0.3s;
}
.overlay[data-scrim] { background: var(--_scrim); }
.message { margin: 0; font-size: clamp(1rem, 4.2cqmin + 0.4rem, 1.5rem); font-weight: 600; text-wrap: balance; }
.detail { margin: 0; max-width: 34rem; font-size: clamp(0.8125rem, 2cqmin + 0.5rem, 1rem); opacity: 0.85; text-wrap: balance; }
.message:empty, .detail:empty { display: none; }
.message, .detail { animation: appear 0.25s 0.15s both; }
.pulse { width: clamp(0.625rem, 3cqmin, 1rem); aspect-ratio: 1; margin-bottom: 0.75rem; border-radius: 50%; background: var(--_text); opacity: 0.9; animation: pulse 2s ease-in-out infinite; }
.spinner {
  width: clamp(2rem, 12cqmin, 3.5rem);
  aspect-ratio: 1;
  margin-bottom: 0.75rem;
  border: 3px solid rgb(255 255 255 / 0.25);
  border-top-color: var(--_text);
  border-radius: 50%;
  animation: appear 0.2s 0.4s both, spin 0.9s linear infinite;
}
@keyframes spin { to { rotate: 1turn; } }
@keyframes pulse { 50% { opacity: 0.25; scale: 0.8; } }
@keyframes appear { from { opacity: 0; } }

button { font: inherit; color: inherit; border: 0; cursor: pointer; }
button:focus-visible { outline: 2px solid var(--_focus); outline-offset: 2px; }
.start {
  display: grid;
  place-items: center;
  width: clamp(3.5rem, 22cqmin, 5.5rem);
  aspect-ratio: 1;
  border-radius: 50%;
  background: var(--_accent);
  pointer-events: auto;
}
.start svg { width: 50%; fill: currentColor; }
.replay {
  min-height: 2.75rem;
  margin-top: 0.75rem;
  padding: 0 1.125rem;
  border-radius: 1.375rem;
  background: rgb(255 255 255 / 0.95);
  color: #111;
  font-size: 0.9375rem;
  font-weight: 600;
  pointer-events: auto;
}
.replay:hover { background: #fff; }
.unmute {
  position: absolute;
  top: clamp(0.625rem, 3cqmin, 1.25rem);
  left: clamp(0.625rem, 3cqmin, 1.25rem);
  display: flex;
  align-items: center;
  gap: 0.5rem;
  min-height: 2.75rem;
  padding: 0 1.125rem 0 0.875rem;
  border-radius: 1.375rem;
  background: rgb(255 255 255 / 0.95);
  color: #111;
  font-size: 0.9375rem;
  font-weight: 600;
  line-height: 1;
  pointer-events: auto;
  box-shadow: 0 2px 10px rgb(0 0 0 / 0.4);
}
.unmute:hover { background: #fff; }
.unmute:focus-visible { outline-color: #111; outline-offset: -5px; }
.unmute svg { width: 1.375rem; fill: currentColor; }

media-control-bar {
  display: flex;
  align-items: center;
  width: 100%;
  padding: 2rem 0.375rem 0.25rem;
  background: linear-gradient(transparent, rgb(0 0 0 / 0.7));
  line-height: 1;
}
media-control-bar > * { flex: none; border-radius: 6px; }
media-volume-range { width: 84px; }
.spacer { flex: 1; }
.live {
  display: flex;
  align-items: center;
  gap: 0.4375rem;
  height: 2.75rem;
  padding: 0 0.5rem;
  background: none;
  font-size: 0.8125rem;
  font-weight: 700;
  letter-spacing: 0.04em;
  white-space: nowrap;
}
.live:hover { background: rgb(255 255 255 / 0.14); }
.live:focus-visible { outline-offset: -2px; }
.dot { width: 0.5625rem; height: 0.5625rem; border-radius: 50%; background: #9a9a9a; }
.live[data-live] .dot { background: var(--_accent); }
.delay, .viewers { font-size: 0.8125rem; font-variant-numeric: tabular-nums; white-space: nowrap; opacity: 0.9; }
.delay { padding: 0 0.375rem 0 0; }
.viewers { display: flex; align-items: center; gap: 0.3125rem; padding: 0 0.5rem; }
.viewers svg { width: 1.125rem; fill: currentColor; }
media-play-button[disabled] { display: none; }
.scrub-row { position: relative; width: 100%; height: 1.25rem; padding: 0 0.75rem; margin-bottom: -1.625rem; z-index: 1; }
.scrub {
  --_track: linear-gradient(to right, var(--_accent) var(--_fill, 100%), rgb(255 255 255 / 0.35) var(--_fill, 100%));
  appearance: none;
  display: block;
  width: 100%;
  height: 100%;
  margin: 0;
  background: none;
  cursor: pointer;
}
.scrub::-webkit-slider-runnable-track { height: 4px; border-radius: 2px; background: var(--_track); }
.scrub::-moz-range-track { height: 4px; border-radius: 2px; background: var(--_track); }
.scrub::-webkit-slider-thumb { appearance: none; width: 14px; height: 14px; margin-top: -5px; border: 0; border-radius: 50%; background: var(--_text); }
.scrub::-moz-range-thumb { width: 14px; height: 14px; border: 0; border-radius: 50%; background: var(--_text); }
.scrub:focus-visible { outline: 2px solid var(--_focus); outline-offset: 0; border-radius: 4px; }
.scrub-time {
  position: absolute;
  bottom: 1.5rem;
  left: var(--_at, 50%);
  translate: -50%;
  padding: 0.1875rem 0.5rem;
  border-radius: 4px;
  background: rgb(0 0 0 / 0.85);
  font-size: 0.8125rem;
  line-height: 1.4;
  font-variant-numeric: tabular-nums;
  white-space: nowrap;
  pointer-events: none;
}
.scrub-row + .stats + media-control-bar { padding-top: 2rem; }
.stats-button { display: grid; place-items: center; width: 2.75rem; height: 2.75rem; padding: 0; background: none; }
.stats-button:hover, .stats-button[aria-expanded='true'] { background: rgb(255 255 255 / 0.14); }
.stats-button:focus-visible { outline-offset: -2px; }
.stats-button svg { width: 1.375rem; fill: currentColor; }
.stats {
  align-self: flex-end;
  max-width: calc(100% - 1rem);
  max-height: calc(100cqh - 5.5rem);
  margin: 0.5rem;
  padding: 0.625rem 0.875rem;
  overflow: auto;
  border-radius: 8px;
  background: rgb(0 0 0 / 0.82);
  font-size: 0.8125rem;
  line-height: 1.5;
}
.stats dl { display: grid; grid-template-columns: auto auto; gap: 0 1rem; margin: 0; }
.stats dt { opacity: 0.8; }
.stats dd { margin: 0; text-align: end; font-variant-numeric: tabular-nums; }
@container (height < 260px) {
  .stats { font-size: 0.6875rem; line-height: 1.15; padding: 0.25rem 0.5rem; margin: 0.25rem; max-height: calc(100cqh - 4.75rem); }
}
@container (width < 430px) {
  media-volume-range { display: none; }
  media-controller { --media-control-padding: 9px; }
}
@container (width < 380px) { .viewers { display: none; } }
@container (width < 300px) { .delay, .stats-button { display: none; } }
@container (height < 230px) { .replay { min-height: 2rem; margin-top: 0.25rem; font-size: 0.8125rem; } }
@container (height < 150px) { .detail { display: none; } .overlay { padding-bottom: 1rem; } }
@media (pointer: coarse) { media-volume-range { display: none; } }
@media (prefers-reduced-motion: reduce) {
  .spinner { animation: appear 0.2s 0.4s both, spin 3s linear infinite; }
  .pulse, .message, .detail { animation: none; }
}
@media (forced-colors: active) { .dot, .pulse { forced-color-adjust: none; } }

.visually-hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
`;
