import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { decodeMedia } from './decode-media.ts';
import type { CapturedMedia } from './frame-proof.ts';

/** An Opus packet of one byte stands for sound that the microphone lost (docs/decisions/0007): nobody captured it. */
const FILLER = 1;

/** Reads all that a file has, decoded and as packets. */
export async function readCaptured(file: string): Promise<CapturedMedia> {
  const [media, sound] = await Promise.all([decodeMedia(file), hashSound(file)]);
  return { media, sound };
}

async function hashSound(file: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    'ffprobe',
    [
      ...['-v', 'quiet', '-select_streams', 'a:0', '-show_data_hash', 'crc32'],
      ...['-show_entries', 'packet=size,data_hash', '-of', 'json', file],
    ],
    { maxBuffer: 1 << 28 },
  );
  const { packets } = JSON.parse(stdout) as { packets: { size: string; data_hash: string }[] };
  return packets.filter(({ size }) => Number(size) > FILLER).map((packet) => packet.data_hash);
}
