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
  const reload = useCallback(async () => {
    const request = ++newest.current;
    try {
      const loaded = await load();
      if (request !== newest.current) return;
      setValue(loaded);
      setProblem(null);
    } catch (error) {
      if (request === newest.current) setProblem(wordsOfFailure(error));
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
      clearInterval(timer);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [reload, every]);
  return { value, problem, reload };
}
