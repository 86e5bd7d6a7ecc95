/** The names that a channel may have: lower case, 1 to 64 characters, safe in a path and in a file name. */
export const CHANNEL_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Whether a text may name a channel. */
export const isChannelName = (text: string): boolean => CHANNEL_NAME.test(text);
