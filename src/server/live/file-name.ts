import { extname } from 'node:path';

/** What names are made of. */
interface NamedRecording {
  readonly channel: string;
  readonly namePrefix: string | null;
  readonly startedAt: number;
}

/** What a recording is called where it is saved, without its ending: `interview-2026-01-31-1200`, in UTC. */
export function fileNameOf(recording: NamedRecording): string {
  const time = new Date(recording.startedAt).toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  return `${recording.namePrefix ?? recording.channel}-${time}`;
}

/** What one of its originals is called, counted from 0, with its ending: the second is `…-2.webm`. */
export function originalNameOf(
  recording: NamedRecording & { readonly originals: readonly { readonly file: string }[] },
  index: number,
): string {
  const number = index === 0 ? '' : `-${index + 1}`;
  return `${fileNameOf(recording)}${number}${extname(recording.originals[index]?.file ?? '')}`;
}
