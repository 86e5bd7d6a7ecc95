import { Eye, EyeOff, RefreshCw } from 'lucide-react';
import { type ReactElement, useId, useState } from 'react';
import { ConfirmDialog } from '../../studio/ui/confirm-dialog.tsx';
import { CopyButton } from '../../studio/ui/copy-button.tsx';
import { wordsOfFailure } from '../api/api-failure.ts';
import { getStreamKey, rotateStreamKey } from '../api/channels.ts';
import { ProblemNotice } from './problem-notice.tsx';

const MASK = '••••••••••••••••••••••••';

/** A channel's stream key: fetched and shown only when asked for, copied, or replaced. */
export function StreamKey({ channel }: { channel: string }): ReactElement {
  const id = useId();
  const [key, setKey] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const take = async (load: (name: string) => Promise<string>) => {
    setProblem(null);
    try {
      setKey(await load(channel));
    } catch (error) {
      setProblem(wordsOfFailure(error));
    }
  };
  return (
    <div className="field">
      <label htmlFor={id}>Stream key</label>
      <div className="field-with-button">
        <input id={id} className="mono" readOnly value={key ?? MASK} aria-describedby={`${id}-hint`} />
        {key === null ? (
          <button type="button" className="button" onClick={() => void take(getStreamKey)}>
            <Eye aria-hidden />
            Show key
          </button>
        ) : (
          <button type="button" className="button" onClick={() => setKey(null)}>
            <EyeOff aria-hidden />
            Hide key
          </button>
        )}
        {key !== null && <CopyButton text={key} label="Copy stream key" short="Copy" />}
        <button type="button" className="button" onClick={() => setAsking(true)}>
          <RefreshCw aria-hidden />
          New key
        </button>
      </div>
      <p id={`${id}-hint`} className="field-hint">
        For programs that publish to <code>/live/{channel}/publish</code>. The studio does not need it.
      </p>
      <ProblemNotice problem={problem} />
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`Make a new key for ${channel}?`}
        confirm="Make a new key"
        onConfirm={() => void take(rotateStreamKey)}
      >
        Programs that use the present key cannot connect any more. Whoever is live now stays live.
      </ConfirmDialog>
    </div>
  );
}
