import { VaultService } from './vault-service.ts';

/** The worker's own thread: files are written and read here, off the thread that captures. */
const service = new VaultService({
  storage: () => navigator.storage.getDirectory(),
  answer: (answer, transfer) => postMessage(answer, { transfer }),
});

addEventListener('message', ({ data }) => service.take(data));
