/** Hot keys that are handled elsewhere, as going back is not the video element's business, or make no sense live. */
const HOT_KEYS = 'noarrowleft noarrowright noj nol no< no> noshift+/';
/** What a slider does itself. */
const SLIDER_KEYS = 'ArrowLeft ArrowRight ArrowUp ArrowDown Home End PageUp PageDown';

/** What is inside the player, with its controls. */
export const TEMPLATE = `
<media-controller part="controller" defaultstreamtype="live" nomutedpref nosubtitleslangpref noautoseektolive
  keyboardupvolumestep="0.1" keyboarddownvolumestep="0.1" hotkeys="${HOT_KEYS}">
  <video slot="media" part="video" playsinline></video>
  <div class="stills" slot="poster">
    <img class="poster" part="poster" alt="" hidden>
    <canvas class="still" hidden></canvas>
  </div>
  <div class="overlay" slot="centered-chrome" part="overlay" noautohide>
    <div class="spinner" part="spinner" hidden></div>
    <div class="pulse" hidden></div>
    <p class="message" part="message" aria-hidden="true"></p>
    <p class="detail" part="detail" aria-hidden="true"></p>
    <button class="start" part="start-button" type="button" aria-label="Play" hidden>
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5v14l11-7z"/></svg>
    </button>
    <button class="replay" part="replay-button" type="button" hidden>Watch the last broadcast</button>
    <button class="unmute" part="unmute-button" type="button" hidden>
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M16.5 12A4.5 4.5 0 0 0 14 8v2.18l2.45 2.45a4.22 4.22 0 0 0 .05-.63Zm2.5 0a6.84 6.84 0 0 1-.54 2.64L20 16.15A8.8 8.8 0 0 0 21 12a9 9 0 0 0-7-8.77v2.06A7 7 0 0 1 19 12ZM4.27 3 3 4.27 7.73 9H3v6h4l5 5v-6.73l4.25 4.25A6.92 6.92 0 0 1 14 18.7v2.06A9 9 0 0 0 17.69 19l2 2.05L21 19.73l-9-9L4.27 3ZM12 4 9.91 6.09 12 8.18V4Z"/></svg>
      <span>Unmute</span>
    </button>
  </div>
  <div class="scrub-row" hidden>
    <input class="scrub" part="scrub" type="range" min="0" max="0" step="1" aria-label="Time" keysused="${SLIDER_KEYS}">
    <span class="scrub-time" part="scrub-time" aria-hidden="true" hidden></span>
  </div>
  <div class="stats" part="stats" slot="top-chrome" role="group" aria-label="Details" tabindex="0" noautohide hidden><dl></dl></div>
  <media-control-bar part="controls">
    <media-play-button part="play-button"></media-play-button>
    <media-mute-button part="mute-button"></media-mute-button>
    <media-volume-range part="volume-range"></media-volume-range>
    <button class="live" part="live-button" type="button" hidden>
      <span class="dot" part="live-dot"></span><span class="live-label">LIVE</span>
    </button>
    <span class="delay" part="delay" hidden><span class="visually-hidden">Delay </span><span class="delay-value"></span></span>
    <span class="viewers" part="viewers" hidden>
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 5C7 5 2.7 8.1 1 12c1.700 3.900 6 7 11 7s9.300-3.100 11-7c-1.700-3.900-6-7-11-7Zm0 11.500a4.500 4.500 0 1 1 0-9 4.500 4.500 0 0 1 0 9Zm0-2a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z"/></svg>
      <span class="viewers-value"></span><span class="visually-hidden"> watching</span>
    </span>
    <span class="spacer"></span>
    <media-captions-button part="captions-button" hidden></media-captions-button>
    <button class="stats-button" part="stats-button" type="button" aria-label="Details" aria-expanded="false" hidden>
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20Zm1 15h-2v-6h2v6Zm0-8h-2V7h2v2Z"/></svg>
    </button>
    <media-pip-button part="pip-button"></media-pip-button>
    <media-fullscreen-button part="fullscreen-button"></media-fullscreen-button>
  </media-control-bar>
</media-controller>
<div class="status visually-hidden" role="status"></div>
`;
