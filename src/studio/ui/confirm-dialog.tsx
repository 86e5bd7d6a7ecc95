import { AlertDialog } from '@base-ui/react/alert-dialog';
import type { ReactElement, ReactNode } from 'react';

/** What a confirmation asks. */
export interface ConfirmDialogProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly children: ReactNode;
  /** Words of the button that goes ahead: a verb and its object. */
  readonly confirm: string;
  /** Words of the button that does not. */
  readonly cancel?: string;
  readonly onConfirm: () => void;
}

/** Asks before something that cannot be undone. The way back has the focus. */
export function ConfirmDialog(props: ConfirmDialogProps): ReactElement {
  return (
    <AlertDialog.Root open={props.open} onOpenChange={props.onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="dialog-backdrop" forceRender />
        <AlertDialog.Popup className="dialog dialog-small">
          <AlertDialog.Title className="dialog-title">{props.title}</AlertDialog.Title>
          <AlertDialog.Description className="dialog-text">{props.children}</AlertDialog.Description>
          <div className="dialog-actions">
            <AlertDialog.Close className="button">{props.cancel ?? 'Cancel'}</AlertDialog.Close>
            <AlertDialog.Close className="button button-danger" onClick={props.onConfirm}>
              {props.confirm}
            </AlertDialog.Close>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
