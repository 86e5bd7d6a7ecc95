import { type ReactElement, useId } from 'react';
import type { Quality } from '../encode/quality.ts';
import { QualityFields } from './quality-fields.tsx';

/** What a broadcast keeps from its beginning to its end: title and quality. */
export function BroadcastSettings(props: {
  quality: Quality;
  title: string;
  onTitle: (title: string) => void;
  onQuality: (quality: Quality) => void;
}): ReactElement {
  const id = useId();
  return (
    <div className="fields">
      <div className="field">
        <label htmlFor={id}>
          Title <span className="unit">optional</span>
        </label>
        <input
          id={id}
          value={props.title}
          maxLength={200}
          placeholder="What is this broadcast about?"
          autoComplete="off"
          onChange={(event) => props.onTitle(event.target.value)}
        />
      </div>
      <QualityFields quality={props.quality} onChange={props.onQuality} />
    </div>
  );
}
