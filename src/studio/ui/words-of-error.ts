/** What to tell a person of an error whose message is meant for people. */
export const wordsOfError = (error: unknown): string =>
  error instanceof Error ? error.message : 'Something went wrong on this page. Reload it and try again.';
