import { Radio, Square } from 'lucide-react';
import { type ReactElement, type Ref, useId, useState } from 'react';
import type { LiveSession } from '../live-session.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';

/**
 * Goes live, and while that is on, stops. One button, so that whoever pressed it by keyboard stays where they are; it can
 * be reached while it cannot be pressed, for the same reason.
 */
export function MainButton(props: {
  ref: Ref<HTMLButtonElement>;
  /** The broadcast that is on; null for none. */
  session: LiveSession | null;
  ending: boolean;
  /** Why nothing can go live now, in words. */
  problem: string | undefined;
  onGoLive: () => void;
}): ReactElement {
  const { session, ending } = props;
  const id = useId();
  const [asking, setAsking] = useState(false);
  const problem = session ? undefined : props.problem;
  const blocked = ending || problem !== undefined;
  const press = () => {
    if (blocked) return;
    if (session) setAsking(true);
    else props.onGoLive();
  };
  return (
    <>
      <button
        ref={props.ref}
        type="button"
        className={`button button-large ${session ? 'button-danger' : 'button-live'}`}
        aria-disabled={blocked || undefined}
        aria-describedby={problem && id}
        onClick={press}
      >
        {session ? <Square aria-hidden /> : <Radio aria-hidden />}
        {session ? 'Stop' : 'Go live'}
      </button>
      {session && ending && (
        <button type="button" className="button button-quiet" onClick={() => session.abandon()}>
          Give up the last part
        </button>
      )}
      {problem && (
        <p id={id} className="field-hint">
          {problem}
        </p>
      )}
      <ConfirmDialog
        open={asking && session !== null}
        onOpenChange={setAsking}
        title="Stop the broadcast?"
        confirm="Stop broadcast"
        cancel="Keep going"
        onConfirm={() => void session?.stop()}
      >
        Viewers are told that it is over. The last part of the recording is delivered before the connection
        closes.
      </ConfirmDialog>
    </>
  );
}
