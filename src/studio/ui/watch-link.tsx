import { type ReactElement, useId } from 'react';
import { CopyButton } from './copy-button.tsx';

/** Where to watch, to read and to copy. */
export function WatchLink({ url }: { url: string }): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Watch link</label>
      <div className="field-with-button">
        <input id={id} readOnly value={url} onFocus={(event) => event.target.select()} />
        <CopyButton text={url} label="Copy watch link" short="Copy" />
      </div>
    </div>
  );
}
