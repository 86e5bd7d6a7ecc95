import { Trash2 } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { ConfirmDialog } from '../../studio/ui/confirm-dialog.tsx';
import type { RecordingResource } from '../../wire/api.ts';
import { wordsOfFailure } from '../api/api-failure.ts';
import { deleteRecording } from '../api/recordings.ts';
import { ProblemNotice } from './problem-notice.tsx';
import { nameOfRecording, startOfRecording } from './recording-name.ts';

/** Deletes a recording, when it is really meant. */
export function DeleteRecording({
  recording,
  onDeleted,
}: {
  recording: RecordingResource;
  onDeleted: () => void;
}): ReactElement {
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const name = nameOfRecording(recording);
  const remove = async () => {
    setProblem(null);
    try {
      await deleteRecording(recording.id);
      onDeleted();
    } catch (error) {
      setProblem(wordsOfFailure(error));
    }
  };
  return (
    <>
      <button
        type="button"
        className="button button-danger-text"
        aria-label={`Delete ${name}`}
        disabled={recording.state === 'recording'}
        onClick={() => setAsking(true)}
      >
        <Trash2 aria-hidden />
        Delete
      </button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Delete this recording?"
        confirm="Delete recording"
        onConfirm={() => void remove()}
      >
        {recording.title !== null && `“${recording.title}”, `}
        {recording.channel}, {startOfRecording(recording)}: the recording and its file are removed for good.
      </ConfirmDialog>
      <ProblemNotice problem={problem} />
    </>
  );
}
