/** What the browser tells a page of its network and of its own life. Each answers how to stop listening. */
export interface PageSignals {
  /** It is worth trying again now: the network is back, the page is seen again, it was woken up. */
  onWake(call: () => void): () => void;
  /** The page may be gone at any moment: it is hidden, about to be frozen, or left. */
  onLeave(call: () => void): () => void;
}

/** The browser's own: `online`, Page Visibility, and freeze, resume and pagehide of Page Lifecycle. */
export const browserSignals: PageSignals = {
  onWake: (call) =>
    listen([
      [window, 'online', call],
      [window, 'pageshow', call],
      [document, 'resume', call],
      [document, 'visibilitychange', () => document.visibilityState === 'visible' && call()],
    ]),
  onLeave: (call) =>
    listen([
      [window, 'pagehide', call],
      [document, 'freeze', call],
      [document, 'visibilitychange', () => document.visibilityState === 'hidden' && call()],
    ]),
};

function listen(events: readonly (readonly [EventTarget, string, () => void])[]): () => void {
  for (const [target, name, call] of events) target.addEventListener(name, call);
  return () => {
    for (const [target, name, call] of events) target.removeEventListener(name, call);
  };
}
