import { useCallback, useEffect, useRef, useState } from 'react';
import { wordsOfFailure } from '../api/api-failure.ts';

/** What was loaded last, what went wrong last, and a way to load it now. */
export interface Polled<T> {
  readonly value: T | undefined;
  readonly problem: string | null;
  readonly reload: () => Promise<void>;
}

/** Loads something now, and again every so often while the page can be seen. `load` must stay the same. */
export function usePolled<T>(load: () => Promise<T>, every: number): Polled<T> {
  const [value, setValue] = useState<T>();
  const [problem, setProblem] = useState<string | null>(null);
  const newest = useRef(0);
  /** The newest that was answered, or failed. */
  const settled = useRef(0);
  const reload = useCallback(async () => {
    const request = ++newest.current;
    try {
      const loaded = await load();
      if (request !== newest.current) return;
      settled.current = request;
      setValue(loaded);
      setProblem(null);
    } catch (error) {
      // One that waited for nothing says so also where others have been asked since.
      if (request <= settled.current) return;
      settled.current = request;
      setProblem(wordsOfFailure(error));
    }
  }, [load]);
  useEffect(() => {
    void reload();
    const refresh = () => {
      if (document.visibilityState === 'visible') void reload();
    };
    const timer = setInterval(refresh, every);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      newest.current += 1;
      settled.current = newest.current;
      clearInterval(timer);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [reload, every]);
  return { value, problem, reload };
}
