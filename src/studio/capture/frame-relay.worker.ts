import type { RelayCommand, RelayReport } from './frame-relay.ts';
import { FrameRelay } from './frame-relay.ts';

/** The worker's own thread: frames go on at their pace whatever the page does, also in a hidden tab. */
const relay = new FrameRelay((report: RelayReport) => postMessage(report));

addEventListener('message', ({ data }: MessageEvent<RelayCommand>) => relay.take(data));
