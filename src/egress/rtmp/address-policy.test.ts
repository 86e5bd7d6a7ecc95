import { describe, expect, it } from 'vitest';
import { AddressPolicy, problemOfAllowed } from './address-policy.ts';
import { DestinationError } from './destination-error.ts';

const never = new AbortController().signal;

const refuses = async (address: string, allow: readonly string[] = []): Promise<boolean> => {
  const policy = new AddressPolicy(allow, async () => [address]);
  try {
    await policy.resolve('example.org', never);
    return false;
  } catch (error) {
    return error instanceof DestinationError && error.code === 'address-refused' && error.fatal;
  }
};

describe('without a setting', () => {
  it.each([
    ...['127.0.0.1', '127.255.0.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...['169.254.169.254', '100.64.0.1', '100.127.255.255', '224.0.0.1', '255.255.255.255', '192.0.0.8'],
    ...['198.18.0.1', '203.0.113.1', '240.0.0.1'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::127.0.0.1',
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
    ],
    ...['fc00::1', 'fd12:3456::1', 'ff02::1', '64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::', '2001::1'],
    ...['2001:db8::1', '100::1', '0:0:0:0:0:ffff:7f00:1'],
  ])('refuses %s', async (address) => {
    expect(await refuses(address)).toBe(true);
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    'allows %s',
    async (address) => {
      expect(await refuses(address)).toBe(false);
    },
  );

  it('refuses a host of which any address is not public', async () => {
    const policy = new AddressPolicy([], async () => ['8.8.8.8', '10.0.0.1']);
    await expect(policy.resolve('example.org', never)).rejects.toMatchObject({ code: 'address-refused' });
  });

  it('looks no address up that is one, however it is spelled, and checks what others are found to be', async () => {
    const asked: string[] = [];
    const policy = new AddressPolicy([], async (host) => {
      asked.push(host);
      return ['127.0.0.1'];
    });
    for (const host of ['127.0.0.1', '::1', '2130706433', '0x7f.1', 'localhost']) {
      await expect(policy.resolve(host, never)).rejects.toMatchObject({ code: 'address-refused' });
    }
    expect(asked).toEqual(['2130706433', '0x7f.1', 'localhost']);
  });
});

describe('with restream.allow', () => {
  it('allows the networks and addresses that it lists, and no others', async () => {
    expect(await refuses('10.0.0.9', ['10.0.0.0/24'])).toBe(false);
    expect(await refuses('10.0.1.9', ['10.0.0.0/24'])).toBe(true);
    expect(await refuses('127.0.0.1', ['127.0.0.1'])).toBe(false);
    expect(await refuses('fd00::5', ['fd00::/8'])).toBe(false);
    expect(await refuses('::1', ['127.0.0.0/8'])).toBe(true);
  });

  it('allows the hosts that it lists wherever they are', async () => {
    const policy = new AddressPolicy(['Media.Local'], async () => ['10.0.0.1', 'fe80::1']);
    expect(await policy.resolve('media.local', never)).toEqual(['10.0.0.1', 'fe80::1']);
    await expect(policy.resolve('other.local', never)).rejects.toMatchObject({ code: 'address-refused' });
  });

  it('says what it cannot read', () => {
    for (const good of ['10.0.0.0/8', '::1', 'fd00::/8', 'media.local'])
      expect(problemOfAllowed(good)).toBeUndefined();
    for (const bad of ['10.0.0.0/33', '::/129', '10.0.0.0/8/9', '10.0.0.0/x', 'a b', 'http://x']) {
      expect(problemOfAllowed(bad)).toContain(bad);
    }
  });
});

it('says so when there is no such host', async () => {
  const none = new AddressPolicy([], async () => []);
  await expect(none.resolve('nowhere.example', never)).rejects.toMatchObject({
    code: 'host-not-found',
    fatal: false,
  });
  const failing = new AddressPolicy([], async () => {
    throw new Error('EAI_AGAIN');
  });
  await expect(failing.resolve('nowhere.example', never)).rejects.toMatchObject({ code: 'host-not-found' });
});

it('waits for a name server no longer than it is told to', async () => {
  const silent = new AddressPolicy([], () => new Promise(() => {}));
  const abort = new AbortController();
  const resolving = silent.resolve('nowhere.example', abort.signal);
  abort.abort();
  await expect(resolving).rejects.toMatchObject({ code: 'host-not-found', fatal: false });
  await expect(silent.resolve('nowhere.example', abort.signal)).rejects.toMatchObject({
    code: 'host-not-found',
  });
});
