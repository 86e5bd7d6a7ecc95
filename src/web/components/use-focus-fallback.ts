import { type RefObject, useEffect, useRef } from 'react';

/** Gives the keyboard's focus to the element of this ref when what had it was taken off the page. */
export function useFocusFallback(): RefObject<HTMLElement | null> {
  const fallback = useRef<HTMLElement>(null);
  useEffect(() => {
    let last: EventTarget | null = null;
    let request = 0;
    const remember = ({ target }: FocusEvent) => {
      last = target;
    };
    const check = () => {
      if (!(last instanceof Element) || last.isConnected) return;
      last = null;
      if (document.activeElement === document.body) fallback.current?.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(() => {
      cancelAnimationFrame(request);
      // Later: a dialog that closes gives the focus back by itself.
      request = requestAnimationFrame(check);
    });
    document.addEventListener('focusin', remember);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener('focusin', remember);
      observer.disconnect();
      cancelAnimationFrame(request);
    };
  }, []);
  return fallback;
}
