import type { ReactElement } from 'react';

/** What went wrong, where something was expected. */
export function ProblemNotice({ problem }: { problem: string | null }): ReactElement | null {
  if (!problem) return null;
  return (
    <div className="notice" data-tone="danger" role="alert">
      <p>{problem}</p>
    </div>
  );
}
