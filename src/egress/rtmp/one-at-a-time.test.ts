import { expect, it } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

it('begins a call when the one before it is over, also when that failed', async () => {
  const begun: string[] = [];
  const pending: PromiseWithResolvers<string>[] = [];
  const call = oneAtATime((name: string) => {
    begun.push(name);
    const one = Promise.withResolvers<string>();
    pending.push(one);
    return one.promise;
  });
  const [first, second] = [call('a'), call('b')];
  await Promise.resolve();
  expect(begun).toEqual(['a']);
  pending[0]?.reject(new Error('no'));
  await expect(first).rejects.toThrow('no');
  await Promise.resolve();
  expect(begun).toEqual(['a', 'b']);
  pending[1]?.resolve('done');
  expect(await second).toBe('done');
});
