import type { ReactElement, ReactNode } from 'react';
import type { StateWords } from './state-words.ts';

/** A state in one word, with a colour that says the same. */
export function StatePill({
  tone,
  children,
}: {
  tone: StateWords['tone'];
  children: ReactNode;
}): ReactElement {
  return (
    <span className="pill" data-tone={tone}>
      {children}
    </span>
  );
}
