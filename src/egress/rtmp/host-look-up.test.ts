import { expect, it } from 'vitest';
import { hostLookUp } from './host-look-up.ts';

/** What was asked, and how; the system answers when it is told to, name servers at once. */
function lookUps() {
  const asked: string[] = [];
  const pending = new Map<string, PromiseWithResolvers<readonly string[]>>();
  const lookUp = hostLookUp({
    system: async (host) => {
      asked.push(`system ${host}`);
      const one = Promise.withResolvers<readonly string[]>();
      pending.set(host, one);
      return await one.promise;
    },
    servers: async (host) => {
      asked.push(`servers ${host}`);
      return ['192.0.2.9'];
    },
  });
  return { asked, lookUp, pending };
}

it('holds no more than two threads for names that no server answers, and delays no other', async () => {
  const { asked, lookUp, pending } = lookUps();
  const dead = [lookUp('dead.example'), lookUp('gone.example')];
  expect(await lookUp('good.example')).toEqual(['192.0.2.9']);
  pending.get('dead.example')?.reject(new Error('EAI_AGAIN'));
  await expect(dead[0]).rejects.toThrow('EAI_AGAIN');
  const good = lookUp('good.example');
  pending.get('good.example')?.resolve(['192.0.2.1']);
  expect(await good).toEqual(['192.0.2.1']);
  expect(asked).toEqual([
    ...['system dead.example', 'system gone.example', 'servers good.example', 'system good.example'],
  ]);
});

it('asks once for all who want to know the same at once, and anew for who comes later', async () => {
  const { asked, lookUp, pending } = lookUps();
  const both = [lookUp('a.example'), lookUp('a.example')];
  pending.get('a.example')?.resolve(['192.0.2.1']);
  expect(await Promise.all(both)).toEqual([['192.0.2.1'], ['192.0.2.1']]);
  const later = lookUp('a.example');
  pending.get('a.example')?.resolve(['192.0.2.2']);
  expect(await later).toEqual(['192.0.2.2']);
  expect(asked).toEqual(['system a.example', 'system a.example']);
});

it('knows this machine, as the system does', async () => {
  expect(await hostLookUp()('localhost')).toEqual(
    expect.arrayContaining([expect.stringMatching(/^127\.|^::1$/)]),
  );
});
