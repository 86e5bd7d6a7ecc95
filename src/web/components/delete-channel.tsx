import { Trash2 } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { ConfirmDialog } from '../../studio/ui/confirm-dialog.tsx';
import type { ChannelResource } from '../../wire/api.ts';

/** Asks before a channel is deleted. */
export function DeleteChannel({
  channel,
  onDelete,
}: {
  channel: ChannelResource;
  onDelete: () => void;
}): ReactElement {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        className="button button-quiet button-danger-text push-apart"
        onClick={() => setAsking(true)}
      >
        <Trash2 aria-hidden />
        Delete channel
      </button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`Delete ${channel.name}?`}
        confirm={`Delete ${channel.name}`}
        onConfirm={onDelete}
      >
        {channel.state === 'live' ? 'It is live: its broadcast ends now. ' : ''}
        Its address and its stream key stop working. Its recordings stay.
      </ConfirmDialog>
    </>
  );
}
