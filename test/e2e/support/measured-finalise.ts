import { nodeFiles } from '../../../src/egress/recording/finalise/files.ts';
import { finalise } from '../../../src/egress/recording/finalise/finalise.ts';

// Finalises the file of its argument, and prints how much memory the process had at most, in MiB.
finalise({ path: process.argv[2] ?? '', minFree: 0, files: nodeFiles, rest: () => {} });
console.log(process.resourceUsage().maxRSS / 1024);
