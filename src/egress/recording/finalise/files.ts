import fs from 'node:fs';

/**
 * What finalising does to files, one after another on its own thread: the calls of `node:fs`, so that a test can make
 * each of them fail.
 */
export type Files = Pick<
  typeof fs,
  | 'closeSync'
  | 'fdatasyncSync'
  | 'fstatSync'
  | 'fsyncSync'
  | 'openSync'
  | 'readSync'
  | 'renameSync'
  | 'rmSync'
  | 'statfsSync'
  | 'writeSync'
>;

/** The real ones. */
export const nodeFiles: Files = fs;
