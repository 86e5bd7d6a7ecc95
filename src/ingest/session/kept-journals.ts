/** What is on disk of what the publishers of one broadcast sent: of one that is on, or that waits for more. */
export interface KeptJournals {
  readonly broadcast: string;
  readonly channel: string;
  /** All of them. */
  readonly bytes: number;
  /**
   * Since when they wait: for a publisher to bring the rest, or for a recording to be made anew. Milliseconds since 1970;
   * undefined where they are in use.
   */
  readonly waitingSince: number | undefined;
}
