/** What a recording is called where it is saved, without its ending: `interview-2026-01-31-1200`, in UTC. */
export function fileNameOf(recording: {
  readonly channel: string;
  readonly namePrefix: string | null;
  readonly startedAt: number;
}): string {
  const time = new Date(recording.startedAt).toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  return `${recording.namePrefix ?? recording.channel}-${time}`;
}
