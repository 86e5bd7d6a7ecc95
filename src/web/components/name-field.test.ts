import { describe, expect, it } from 'vitest';
import { problemOfName } from './name-field.tsx';

describe('a channel name', () => {
  it.each(['', 'a', 'main', 'pitch-2', '9_x', 'a'.repeat(64)])('may be %j', (name) => {
    expect(problemOfName(name)).toBeUndefined();
  });

  it.each([
    ['Main', 'Only lower-case letters'],
    ['-main', 'must start with'],
    ['a b', 'Only a–z'],
    ['ä', 'must start with'],
    ['a'.repeat(65), 'At most 64'],
  ])('may not be %j', (name, words) => {
    expect(problemOfName(name)).toContain(words);
  });
});
