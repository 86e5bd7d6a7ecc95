/** One command of `headwater`: its own help, and what it does. Answers the exit code. */
export interface Command {
  readonly help: string;
  run(args: readonly string[]): Promise<number>;
}
