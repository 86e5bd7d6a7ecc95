/**
 * How every child reads: one fixed demuxer, nothing but its standard input, which it does not look ahead in, and the
 * timestamps as they are. Never `-fflags nobuffer`: it throws away what it looked at.
 */
export const INPUT_ARGUMENTS: readonly string[] = [
  ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'warning'],
  ...['-protocol_whitelist', 'pipe', '-probesize', '32', '-analyzeduration', '0', '-copyts'],
  // One thread decodes: with more, each holds a frame.
  ...['-threads', '1', '-f', 'mp4', '-i', 'pipe:0'],
];
