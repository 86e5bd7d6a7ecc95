import { nodeFiles } from '../../src/egress/recording/finalise/files.ts';
import { finalise } from '../../src/egress/recording/finalise/finalise.ts';

// Finalises the file of the first argument and is killed before the file call whose number is the second.
const [path = '', step = ''] = process.argv.slice(2);
let calls = 0;
const files = new Proxy(nodeFiles, {
  get: (real, name: keyof typeof nodeFiles) => {
    calls += 1;
    if (calls === Number(step)) process.kill(process.pid, 'SIGKILL');
    return real[name];
  },
});
finalise({ path, minFree: 0, files, rest: () => {} });
