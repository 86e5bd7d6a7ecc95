import type { DestinationList, DestinationResource, DestinationTest } from '../../../src/wire/api.ts';
import type { RunningServer } from './running-server.ts';

const STEP = 100;
const LONGEST = 90_000;

/** The destinations of a channel, over the API; of `main` by default. */
export class ChannelDestinations {
  readonly #server: RunningServer;
  readonly #path: string;
  /** Every state that was seen, by id, in order. */
  readonly seen = new Map<string, string[]>();

  constructor(server: RunningServer, channel = 'main') {
    this.#server = server;
    this.#path = `/api/channels/${channel}/destinations`;
  }

  async add(body: object): Promise<DestinationResource> {
    const answer = await this.#server.api('POST', this.#path, body);
    if (answer.status !== 201) throw new Error(await answer.text());
    return (await answer.json()) as DestinationResource;
  }

  async change(id: string, body: object): Promise<void> {
    const answer = await this.#server.api('PATCH', `${this.#path}/${id}`, body);
    if (!answer.ok) throw new Error(await answer.text());
  }

  async test(id: string): Promise<DestinationTest> {
    return (await (await this.#server.api('POST', `${this.#path}/${id}/test`)).json()) as DestinationTest;
  }

  async remove(): Promise<void> {
    for (const { id } of await this.list()) await this.#server.api('DELETE', `${this.#path}/${id}`);
  }

  async list(): Promise<readonly DestinationResource[]> {
    const { items } = (await (await this.#server.api('GET', this.#path)).json()) as DestinationList;
    for (const { id, status } of items) {
      const seen = this.seen.get(id) ?? [];
      if (seen.at(-1) !== status.state) seen.push(status.state);
      this.seen.set(id, seen);
    }
    return items;
  }

  async status(id: string): Promise<DestinationResource['status']> {
    const found = (await this.list()).find((one) => one.id === id);
    if (!found) throw new Error(`there is no destination ${id}`);
    return found.status;
  }

  /** Waits until its status is so, and answers it. */
  async until(
    id: string,
    test: (status: DestinationResource['status']) => boolean,
  ): Promise<DestinationResource['status']> {
    let status = await this.status(id);
    for (const end = Date.now() + LONGEST; !test(status); status = await this.status(id)) {
      if (Date.now() > end) throw new Error(`it stays ${JSON.stringify(status)}`);
      await new Promise((settle) => setTimeout(settle, STEP));
    }
    return status;
  }
}
